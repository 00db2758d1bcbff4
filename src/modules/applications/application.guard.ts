import { Injectable } from '@nestjs/common';
import type { Exchange, StepResult } from '../decisions/exchange.port.js';
import { PipelineGuard, deny, forwardNow } from '../decisions/pipeline.port.js';
import { hostnameOf, isApiTraffic, routeApplication } from './application-routing.policy.js';
import type { Route } from './application-routing.policy.js';
import { APPLICATIONS } from './applications.port.js';
import { gitTraffic } from './git-traffic.policy.js';
import { leadsBehindStaticForward } from './static-forward.policy.js';

const HIDDEN_PATH = { detail: 'The path has the form /s/.../_/... and leads to more than static files.' };

/** Where web traffic passes, public repositories do too, and the product asks for a credential by itself. */
function isClosedGit({ application, policyPath }: Route): boolean {
  return application.webTraffic === 'block' && gitTraffic(application.product, policyPath) !== undefined;
}

/** Steps 1 and 2: which application, and whether this is API traffic or web traffic. */
@Injectable()
export class ApplicationGuard extends PipelineGuard {
  readonly step = 'application';

  decide(exchange: Exchange): StepResult {
    const { head } = exchange;
    const route = routeApplication(APPLICATIONS.of(exchange.snapshot), hostnameOf(head.host), head.path);
    if (!route) return deny('unknown_application');
    exchange.application = route.application;
    exchange.policyPath = route.policyPath;
    exchange.api = isApiTraffic(head, route.policyPath) || isClosedGit(route);
    if (leadsBehindStaticForward(route.policyPath)) return deny('malformed_path', HIDDEN_PATH);
    if (exchange.api) return undefined;
    return route.application.webTraffic === 'forward' ? forwardNow('passed-through') : deny('not_an_api');
  }
}

import { Injectable } from '@nestjs/common';
import type { Exchange, StepResult } from '../decisions/exchange.port.js';
import { deny, forwardNow, PipelineGuard } from '../decisions/pipeline.port.js';
import { GLOBAL_SETTINGS } from '../global-settings/global-settings.port.js';
import { apiCallOf } from './api-call.policy.js';
import { PUBLIC_API } from './public-api.port.js';
import { needsAuthentication } from './public-api.policy.js';

/** Step 7: what happens to calls without any credential. The application's setting goes before the global one. */
@Injectable()
export class PublicApiGuard extends PipelineGuard {
  readonly step = 'public-api';

  decide(exchange: Exchange): StepResult {
    if (exchange.credential.kind !== 'none') return undefined;
    const { snapshot, application } = exchange;
    const access = application?.anonymousAccess ?? GLOBAL_SETTINGS.of(snapshot).anonymousAccess;
    const detail = needsAuthentication(PUBLIC_API.of(snapshot), access, apiCallOf(exchange));
    return detail === undefined ? forwardNow('anonymous') : deny('authentication_required', { detail });
  }
}

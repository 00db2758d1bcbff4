import { Injectable } from '@nestjs/common';
import type { Exchange, StepResult } from '../decisions/exchange.port.js';
import { deny, PipelineGuard } from '../decisions/pipeline.port.js';
import { isProtectedEndpoint } from '../identity/identity.port.js';
import { lfsOperationOf, needsLfsOperation } from './lfs-batch.policy.js';
import { decideTokenLimits, denyForGroups, groupFaults } from './permission.policy.js';
import { classify } from './read-write.policy.js';
import type { LfsOperation } from './read-write.policy.js';
import { GROUP_RESTRICTIONS, READ_WRITE } from './restrictions.port.js';

/** Step 9: may this user, with this credential, make this call. Report mode holds for the group rules only. */
@Injectable()
export class PermissionGuard extends PipelineGuard {
  readonly step = 'permission';

  decide(exchange: Exchange): StepResult | Promise<StepResult> {
    if (!exchange.readSmallBody || !needsLfsOperation(exchange, GROUP_RESTRICTIONS.of(exchange.snapshot))) {
      return this.judge(exchange, undefined);
    }
    return exchange.readSmallBody().then((body) => this.judge(exchange, lfsOperationOf(body)));
  }

  private judge(exchange: Exchange, operation: LfsOperation | undefined): StepResult {
    const { application, principal, head, policyPath, snapshot } = exchange;
    if (!application || !principal) throw new Error('The permission step was reached without a principal.');
    const { classification } = classify(READ_WRITE.of(snapshot), application, head, policyPath, operation);
    exchange.classification = classification;

    const rules = GROUP_RESTRICTIONS.of(snapshot);
    const faults = groupFaults(rules, principal.groupKeys, classification);
    if (faults[0] && rules.mode === 'enforce') return denyForGroups(faults[0], principal);
    if (faults.length > 0) (exchange.wouldDeny ??= []).push(...faults);

    const limited = principal.limits && decideTokenLimits(principal.limits, exchange);
    if (limited) return limited;
    const { kind } = exchange.credential;
    // Only these two act by an injected identity; other credentials are the application's own to judge.
    const injected = kind === 'oauth' || kind === 'api-token';
    if (injected && isProtectedEndpoint(application, policyPath, head.method)) {
      return deny('endpoint_protected', { detail: `${policyPath} makes credentials or sessions.` });
    }
    return undefined;
  }
}

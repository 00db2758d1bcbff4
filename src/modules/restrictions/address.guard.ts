import { Inject, Injectable } from '@nestjs/common';
import type { Exchange, StepResult } from '../decisions/exchange.port.js';
import { deny, PipelineGuard } from '../decisions/pipeline.port.js';
import { FAILED_AUTHENTICATIONS } from '../rate-limit/rate-limit.port.js';
import type { FailedAuthenticationsPort } from '../rate-limit/rate-limit.port.js';
import { decideAddress } from './address.policy.js';
import { clientAddress } from './client-address.policy.js';
import { IP_RESTRICTIONS } from './restrictions.port.js';

/**
 * Step 4: finds the client's address and applies the IP rules, to anonymous and bypassed calls too. Addresses with
 * too many failed authentications wait, before anything is looked up for them and whatever the mode of the IP rules.
 */
@Injectable()
export class AddressGuard extends PipelineGuard {
  readonly step = 'address';

  constructor(@Inject(FAILED_AUTHENTICATIONS) private readonly failures: FailedAuthenticationsPort) {
    super();
  }

  decide(exchange: Exchange): StepResult {
    const rules = IP_RESTRICTIONS.of(exchange.snapshot);
    const address = clientAddress(exchange.peerIp, exchange.head.rawHeaders, rules.reverseProxy);
    if (address !== undefined) exchange.clientIp = address;
    const block = this.failures.blocked(exchange.clientIp);
    if (block) {
      exchange.answerHeaders.push(...block.fields);
      return deny('too_many_failures', { retryAfterSeconds: block.retryAfterSeconds });
    }
    const denial = decideAddress(rules, address);
    if (denial && rules.mode === 'report') {
      (exchange.wouldDeny ??= []).push(denial.reason);
      return undefined;
    }
    return denial;
  }
}

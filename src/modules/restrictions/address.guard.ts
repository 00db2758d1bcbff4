import { Injectable } from '@nestjs/common';
import type { Exchange, StepResult } from '../decisions/exchange.port.js';
import { PipelineGuard } from '../decisions/pipeline.port.js';
import { decideAddress } from './address.policy.js';
import { clientAddress } from './client-address.policy.js';
import { IP_RESTRICTIONS } from './restrictions.port.js';

/** Step 4: finds the client's address and applies the IP rules, to anonymous and bypassed calls too. */
@Injectable()
export class AddressGuard extends PipelineGuard {
  readonly step = 'address';

  decide(exchange: Exchange): StepResult {
    const rules = IP_RESTRICTIONS.of(exchange.snapshot);
    const address = clientAddress(exchange.peerIp, exchange.head.rawHeaders, rules.reverseProxy);
    if (address !== undefined) exchange.clientIp = address;
    const denial = decideAddress(rules, address);
    if (denial && rules.mode === 'report') {
      (exchange.wouldDeny ??= []).push(denial.reason);
      return undefined;
    }
    return denial;
  }
}

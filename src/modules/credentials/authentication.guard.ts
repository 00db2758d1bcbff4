import { Inject, Injectable } from '@nestjs/common';
import type { Denial, Exchange, Principal, StepResult } from '../decisions/exchange.port.js';
import { PipelineGuard } from '../decisions/pipeline.port.js';
import { BearerAuthentication } from './bearer.service.js';
import { AUTHENTICATOR, isDenied } from './credentials.port.js';
import type { AuthenticatorPort } from './credentials.port.js';

/** Step 8: verify the credential and find the user. */
@Injectable()
export class AuthenticationGuard extends PipelineGuard {
  readonly step = 'authentication';

  constructor(
    @Inject(AUTHENTICATOR) private readonly authenticator: AuthenticatorPort,
    private readonly bearer: BearerAuthentication,
  ) {
    super();
  }

  decide(exchange: Exchange): StepResult | Promise<StepResult> {
    const { snapshot, application, clientIp, time: now, dryRun, credential } = exchange;
    const context = { snapshot, application, clientIp, now, dryRun };
    const answer = this.authenticator.authenticate(credential, context);
    if (!(answer instanceof Promise)) return accept(exchange, answer);
    const carried = credential.form === 'bearer' ? this.bearer.carry(credential.secret, answer) : answer;
    return carried.then((result) => accept(exchange, result));
  }
}

function accept(exchange: Exchange, result: Principal | Denial): StepResult {
  if (isDenied(result)) return result;
  exchange.principal = result;
  if (result.expiresAt !== undefined && result.credential.kind === 'api-token') {
    exchange.answerHeaders.push('X-Token-Expires-At', new Date(result.expiresAt).toISOString());
  }
  return undefined;
}

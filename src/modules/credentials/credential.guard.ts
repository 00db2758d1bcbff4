import { Inject, Injectable } from '@nestjs/common';
import type { Credential, Denial, Exchange, StepResult } from '../decisions/exchange.port.js';
import { deny, PipelineGuard } from '../decisions/pipeline.port.js';
import { GLOBAL_SETTINGS } from '../global-settings/global-settings.port.js';
import { FAILED_AUTHENTICATIONS } from '../rate-limit/rate-limit.port.js';
import type { FailedAuthenticationsPort } from '../rate-limit/rate-limit.port.js';
import { isDenied } from './credentials.port.js';
import { kindAllowed } from './credential-kinds.policy.js';
import { isLoginResource, loginParameters, recogniseCredential } from './credential.policy.js';

/** Step 6: which credential, and whether its kind is switched on. A form is read only when one was announced. */
@Injectable()
export class CredentialGuard extends PipelineGuard {
  readonly step = 'credential';

  constructor(@Inject(FAILED_AUTHENTICATIONS) private readonly failures: FailedAuthenticationsPort) {
    super();
  }

  decide(exchange: Exchange): StepResult | Promise<StepResult> {
    const { hasBody, contentType } = exchange.head;
    if (!hasBody || contentType === undefined || !/urlencoded/i.test(contentType))
      return this.judge(exchange, undefined);
    return exchange.readForm().then((form) => this.judge(exchange, form));
  }

  private judge(exchange: Exchange, form: string | undefined): StepResult {
    const credential = recognise(exchange, form);
    if (isDenied(credential)) return credential;
    exchange.credential = credential;
    const refused = kindAllowed(credential, exchange, GLOBAL_SETTINGS.of(exchange.snapshot));
    return refused ?? (credential.kind === 'basic' ? this.judgePassword(exchange, credential) : undefined);
  }

  /** The application answers wrong passwords with a CAPTCHA for the user: few are let through. */
  private judgePassword({ application, answerHeaders }: Exchange, { username }: Credential): StepResult {
    if (!application || username === undefined) return undefined;
    const block = this.failures.passwordBlocked(application.key, username);
    if (!block) return undefined;
    answerHeaders.push(...block.fields);
    const { retryAfterSeconds } = block;
    return deny('too_many_failures', { detail: 'wrong passwords for this user', retryAfterSeconds });
  }
}

function recognise({ head, policyPath }: Exchange, form: string | undefined): Credential | Denial {
  const inQuery = head.query === '' ? undefined : loginParameters(head.query.slice(1));
  const inForm = form === undefined ? undefined : loginParameters(form);
  return recogniseCredential({
    authorization: head.authorization,
    apiToken: head.apiToken,
    cookie: head.cookie,
    parameters: inQuery ?? inForm,
    login: isLoginResource(head.method, policyPath),
  });
}

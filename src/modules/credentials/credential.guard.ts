import { Inject, Injectable } from '@nestjs/common';
import type { Credential, Denial, Exchange, StepResult } from '../decisions/exchange.port.js';
import { deny, PipelineGuard } from '../decisions/pipeline.port.js';
import { GLOBAL_SETTINGS } from '../global-settings/global-settings.port.js';
import { isDenied } from './credentials.port.js';
import { kindAllowed } from './credential-kinds.policy.js';
import { isLoginResource, loginParameters, recogniseCredential } from './credential.policy.js';
import { credentialOfLogin, takesJson } from './login-body.policy.js';
import { PasswordAttempts } from './password-attempts.service.js';
import type { Admission } from './password-attempts.service.js';

/**
 * Step 6: which credential, and whether its kind is switched on. A form is read only when one was announced, another
 * body only at a login resource.
 */
@Injectable()
export class CredentialGuard extends PipelineGuard {
  readonly step = 'credential';

  constructor(@Inject(PasswordAttempts) private readonly passwords: PasswordAttempts) {
    super();
  }

  decide(exchange: Exchange): StepResult | Promise<StepResult> {
    const { hasBody, contentType, method } = exchange.head;
    if (!hasBody) return this.judge(exchange, recognise(exchange, undefined));
    if (isLoginResource(method, exchange.policyPath)) return this.decideLogin(exchange);
    if (contentType === undefined || !/urlencoded/i.test(contentType))
      return this.judge(exchange, recognise(exchange, undefined));
    return exchange.readForm().then((form) => this.judge(exchange, recognise(exchange, form)));
  }

  /** Whatever the body is called, it is read: as a login, or as the form that it is. */
  private async decideLogin(exchange: Exchange): Promise<StepResult> {
    const body = await exchange.readLogin?.();
    const credential = body ? recogniseLogin(exchange, body) : recognise(exchange, await exchange.readForm());
    return this.judge(exchange, credential);
  }

  private judge(exchange: Exchange, credential: Credential | Denial): StepResult | Promise<StepResult> {
    if (isDenied(credential)) return credential;
    exchange.credential = credential;
    const refused = kindAllowed(credential, exchange, GLOBAL_SETTINGS.of(exchange.snapshot));
    return refused ?? (credential.kind === 'basic' ? this.judgePassword(exchange, credential) : undefined);
  }

  /** The application answers wrong passwords with a CAPTCHA for the user: few are let through. */
  private judgePassword(
    exchange: Exchange,
    { username, secret }: Credential,
  ): StepResult | Promise<StepResult> {
    const { application } = exchange;
    if (!application || username === undefined || exchange.dryRun) return undefined;
    const admission = this.passwords.begin(application.key, username, secret);
    return admission instanceof Promise
      ? admission.then((admitted) => accept(exchange, admitted))
      : accept(exchange, admission);
  }
}

function accept(exchange: Exchange, admission: Admission): StepResult {
  if ('retryAfterSeconds' in admission) {
    const { fields, retryAfterSeconds } = admission;
    exchange.answerHeaders.push(...fields);
    return deny('too_many_failures', { detail: 'wrong passwords for this user', retryAfterSeconds });
  }
  exchange.passwordAttempt = admission;
  return undefined;
}

function recognise(exchange: Exchange, form: string | undefined): Credential | Denial {
  const { head, policyPath, memo } = exchange;
  const inQuery = head.query === '' ? undefined : loginParameters(head.query.slice(1));
  const inForm = form === undefined ? undefined : loginParameters(form);
  const parameters = inQuery ?? inForm;
  const { authorization, apiToken } = head;
  const isAlone = apiToken === undefined && parameters === undefined;
  if (isAlone && memo?.credential && memo.authorization === authorization) return memo.credential;
  const credential = recogniseCredential({
    authorization,
    apiToken,
    cookie: head.cookie,
    parameters,
    login: isLoginResource(head.method, policyPath),
  });
  // Passwords are not kept.
  if (memo && !isDenied(credential) && credential.form === 'bearer') {
    memo.authorization = authorization;
    memo.credential = credential;
  }
  return credential;
}

function recogniseLogin(exchange: Exchange, body: Buffer): Credential | Denial {
  const beside = recognise(exchange, undefined);
  if (isDenied(beside)) return beside;
  return credentialOfLogin(body, takesJson(exchange.policyPath), beside);
}

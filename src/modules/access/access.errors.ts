import { reasonOf } from '../../lib/reasons.js';
import type { ReasonCode, ReasonDefinition } from '../../lib/reasons.js';
import { ProblemError } from '../../platform/http/problem.js';
import type { Denial } from '../decisions/exchange.port.js';
import type { AccessLevel } from './access.port.js';

const CHALLENGE = 'Bearer realm="restgate"';
const RETRY_SECONDS = 5;

/** 403 of a route that declares nobody. */
export function undeclared(): ProblemError {
  return new ProblemError(
    403,
    'access_undeclared',
    'This route does not declare who may call it, so nobody may.',
  );
}

/** 403 of a caller who is known, but not enough. */
export function levelNeeded(required: AccessLevel): ProblemError {
  const who = { public: 'anybody', user: 'a user', auditor: 'an auditor or admin', admin: 'an admin' }[
    required
  ];
  return new ProblemError(
    403,
    'access_denied',
    `This needs ${who}. An API token counts as an admin's only with the scope admin.`,
    undefined,
    { 'www-authenticate': `${CHALLENGE}, error="insufficient_scope", scope="${required}"` },
  );
}

export function crossSite(): ProblemError {
  return new ProblemError(403, 'cross_site', 'A page of another site must not change anything here.');
}

export function tooManyFailures(retryAfterSeconds: number): ProblemError {
  const { status, message, hint } = reasonOf('too_many_failures');
  return new ProblemError(status, 'too_many_failures', `${message} ${hint}`, undefined, {
    'retry-after': String(retryAfterSeconds),
  });
}

export function passwordRefused(): ProblemError {
  return new ProblemError(
    401,
    'unsupported_credential',
    'User name and password are not accepted here. Send Authorization: Bearer with ADMIN_TOKEN, an API token or a token of your identity provider.',
    undefined,
    { 'www-authenticate': CHALLENGE },
  );
}

export function tokenExceeded(): ProblemError {
  const { status, message, hint } = reasonOf('token_scope');
  return new ProblemError(status, 'token_scope', `${message} ${hint}`, undefined, {
    'www-authenticate': `${CHALLENGE}, error="insufficient_scope"`,
  });
}

/** 401 of a request without credential. */
export function authenticationRequired(): ProblemError {
  return refused({ verdict: 'deny', reason: 'authentication_required' });
}

/** A denial of the data plane's rules in the words of the control plane; its `detail` stays inside. */
export function refused(denial: Denial): ProblemError {
  const definition: ReasonDefinition = reasonOf(denial.reason);
  const status = denial.status ?? definition.status;
  const headers: Record<string, string> = {};
  if (status === 401) {
    headers['www-authenticate'] = denial.bearerError
      ? `${CHALLENGE}, error="${denial.bearerError}"`
      : CHALLENGE;
  }
  if (status === 503 || denial.retryAfterSeconds !== undefined) {
    headers['retry-after'] = String(denial.retryAfterSeconds ?? RETRY_SECONDS);
  }
  const detail = definition.hint ? `${definition.message} ${definition.hint}` : definition.message;
  return new ProblemError(status, publicCode(denial.reason), detail, undefined, headers);
}

/** An unknown token, a revoked one and another user's look the same from outside. */
function publicCode(reason: ReasonCode): ReasonCode {
  return reason === 'token_revoked' || reason === 'token_owner_mismatch' ? 'token_unknown' : reason;
}

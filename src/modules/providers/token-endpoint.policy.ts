import type { ProviderAnswer } from './provider-http.service.js';

/** A token as the token endpoint gave it. */
export interface FetchedToken {
  readonly accessToken: string;
  readonly tokenType: string;
  readonly expiresIn: number | null;
  readonly scope: string | null;
  readonly idToken?: string;
}

const LONGEST_ERROR = 300;
const LONGEST_TOKEN = 64 * 1024;

/** The fields of a token answer, JSON or form-encoded (older GitHub and Facebook answers). */
export function fieldsOfTokenAnswer(answer: ProviderAnswer): Readonly<Record<string, unknown>> {
  if (typeof answer.json === 'object' && answer.json !== null) return answer.json as Record<string, unknown>;
  if (answer.contentType.includes('x-www-form-urlencoded') || answer.contentType.startsWith('text/plain')) {
    return Object.fromEntries(new URLSearchParams(answer.text));
  }
  return {};
}

/**
 * What a token endpoint answered. `error` is looked for first: GitHub and Slack answer errors with status 200.
 */
export function tokenOf(
  fields: Readonly<Record<string, unknown>>,
  status: number,
): FetchedToken | { readonly error: string } {
  const error = fields['error'];
  if (typeof error === 'string' && error !== '')
    return { error: withAdvice(error, errorText(error, fields['error_description'])) };
  if (typeof error === 'object' && error !== null) return { error: messageOf(error) };
  const accessToken = fields['access_token'];
  if (
    status >= 400 ||
    typeof accessToken !== 'string' ||
    accessToken === '' ||
    accessToken.length > LONGEST_TOKEN
  ) {
    return { error: withoutToken(status, Object.keys(fields).length > 0) };
  }
  const expiresIn = Number(fields['expires_in'] ?? NaN);
  const idToken = fields['id_token'];
  return {
    accessToken,
    tokenType: typeof fields['token_type'] === 'string' ? fields['token_type'] : 'Bearer',
    expiresIn: Number.isFinite(expiresIn) ? expiresIn : null,
    scope: typeof fields['scope'] === 'string' ? fields['scope'] : null,
    ...(typeof idToken === 'string' ? { idToken } : {}),
  };
}

function withoutToken(status: number, isAnswer: boolean): string {
  const what = isAnswer ? 'gave no access token' : 'answered neither JSON nor a form';
  return `The token endpoint ${what} (status ${status}): check that it is the token endpoint, not a page.`;
}

/** RFC 6749 section 5.2: what the admin can change about an error. */
const ADVICE: Readonly<Record<string, string>> = {
  invalid_client: 'Check client id and client secret.',
  incorrect_client_credentials: 'Check client id and client secret.',
  unauthorized_client: 'Allow this grant for the client at the provider.',
  unsupported_grant_type: 'Allow this grant for the client at the provider.',
  invalid_scope: 'Check the scope.',
  redirect_uri_mismatch: 'Register the redirect URI of this gateway at the provider.',
};

function withAdvice(error: string, text: string): string {
  const advice = Object.hasOwn(ADVICE, error) ? ADVICE[error] : undefined;
  return advice === undefined ? text : `${text} ${advice}`;
}

/** Facebook and others answer an object. */
function messageOf(error: object): string {
  const { message } = error as { message?: unknown };
  return typeof message === 'string'
    ? errorText(message, undefined)
    : 'The token endpoint answered an error.';
}

/** An error of a provider in one line of plain text. */
export function errorText(error: string, description: unknown): string {
  const text = typeof description === 'string' && description !== '' ? `${error}: ${description}` : error;
  return text.replace(/[\p{C}\p{Zl}\p{Zp}]/gu, ' ').slice(0, LONGEST_ERROR);
}

const OPENID_SCOPES = new Set(['openid', 'profile', 'email', 'offline_access', 'address', 'phone']);

/** The scope without what is about people: client credentials have none. */
export function scopeOfClient(scope: string): string {
  return scope
    .split(' ')
    .filter((name) => name !== '' && !OPENID_SCOPES.has(name))
    .join(' ');
}

/** The call as a curl command for a shell: quoted so that nothing in the token can end the quotes. */
export function curlOf(publicUrl: string, token: string): string {
  const quoted = `Authorization: Bearer ${token}`.replaceAll("'", `'\\''`);
  return `curl -H '${quoted}' '${publicUrl}/jira/rest/api/2/myself'`;
}

/**
 * The closed list of reasons that a request can be refused for. The code is the contract: admins filter the
 * audit log by it, clients switch on it, docs/errors.md has a section for each.
 */
export interface ReasonDefinition {
  readonly status: number;
  /** Log level when it happens: what an operator must look at is `warn` or `error`. */
  readonly level: 'debug' | 'info' | 'warn' | 'error';
  /** Shown to the caller. Never tells whether a user or token exists. */
  readonly message: string;
  /** The next step for the caller, where there is one. */
  readonly hint?: string;
}

const TOKEN_REFUSED = 'The token is not valid.';
const NEW_TOKEN_HINT = 'Create or fetch a new token and try again.';

export const REASONS = {
  malformed_request: { status: 400, level: 'info', message: 'The request is not well-formed HTTP.' },
  malformed_path: {
    status: 400,
    level: 'info',
    message: 'The request path holds characters or sequences that Restgate refuses.',
    hint: 'Send the path without dot segments, empty segments, semicolons, backslashes or encoded slashes.',
  },
  unknown_application: {
    status: 404,
    level: 'info',
    message: 'No application is configured for this host and path.',
    hint: 'Check the first part of the path, for example /jira/rest/api/2/myself.',
  },
  not_an_api: { status: 404, level: 'info', message: 'Only REST API paths are served here.' },
  ip_not_allowed: {
    status: 403,
    level: 'info',
    message: 'Your address is not allowed to call this API.',
    hint: 'Ask your administrator to add your address to the allowed list.',
  },
  too_many_failures: {
    status: 429,
    level: 'warn',
    message: 'Too many failed authentications from your address.',
    hint: 'Wait as long as Retry-After says and check the credential.',
  },
  ambiguous_credentials: {
    status: 400,
    level: 'info',
    message: 'More than one credential was sent.',
    hint: 'Send exactly one of Authorization, X-Api-Token or os_username.',
  },
  unsupported_credential: {
    status: 401,
    level: 'info',
    message: 'The kind of credential is not supported.',
    hint: 'Send Authorization: Bearer <token>.',
  },
  authentication_required: {
    status: 401,
    level: 'info',
    message: 'Authentication is required.',
    hint: 'Send Authorization: Bearer <token>.',
  },
  token_unknown: { status: 401, level: 'info', message: TOKEN_REFUSED, hint: NEW_TOKEN_HINT },
  token_expired: { status: 401, level: 'info', message: 'The token has expired.', hint: NEW_TOKEN_HINT },
  token_revoked: { status: 401, level: 'info', message: TOKEN_REFUSED, hint: NEW_TOKEN_HINT },
  token_malformed: {
    status: 401,
    level: 'info',
    message: 'The token is not complete or was changed.',
    hint: 'Copy the whole token, without spaces or line breaks.',
  },
  token_owner_mismatch: { status: 401, level: 'info', message: TOKEN_REFUSED, hint: NEW_TOKEN_HINT },
  token_audience: {
    status: 401,
    level: 'info',
    message: 'The token was not issued for this gateway.',
    hint: 'Fetch the token with the client id and scope that your administrator gave you.',
  },
  token_type_rejected: {
    status: 401,
    level: 'info',
    message: 'This is not an access token.',
    hint: 'Send the access_token of the token answer, not the id_token or refresh_token.',
  },
  token_binding_required: {
    status: 401,
    level: 'info',
    message: 'The token is bound to a key or certificate and cannot be used as a plain bearer token.',
  },
  token_scope: {
    status: 403,
    level: 'info',
    message: 'The token does not allow this call.',
    hint: 'Create a token whose scope, applications, paths and addresses cover it.',
  },
  oauth_disabled: {
    status: 401,
    level: 'info',
    message: 'Tokens of identity providers are switched off.',
    hint: 'Use an API token of this gateway.',
  },
  oauth_token_rejected: {
    status: 401,
    level: 'info',
    message: 'No configured identity provider accepts the token.',
    hint: 'Fetch a new access token from your identity provider.',
  },
  pat_disabled: {
    status: 401,
    level: 'info',
    message: 'Personal access tokens of the application are switched off.',
    hint: 'Use an API token of this gateway.',
  },
  pat_rejected: {
    status: 401,
    level: 'info',
    message: 'The application does not accept the personal access token.',
  },
  basic_disabled: {
    status: 403,
    level: 'info',
    message: 'User name and password are switched off for the REST API.',
    hint: 'Create an API token and send it as Authorization: Bearer <token>.',
  },
  session_rejected: {
    status: 401,
    level: 'info',
    message: 'Browser sessions cannot be used for the REST API here.',
    hint: 'Send Authorization: Bearer <token>.',
  },
  application_links_rejected: {
    status: 401,
    level: 'info',
    message: 'OAuth 1.0a requests of application links are switched off here.',
  },
  user_unknown: {
    status: 403,
    level: 'info',
    message: 'You are signed in, but have no account in this application.',
  },
  user_inactive: { status: 403, level: 'info', message: 'Your account in this application is not active.' },
  user_attribute_missing: {
    status: 403,
    level: 'warn',
    message: 'The identity provider did not name the user in the way that is configured.',
    hint: 'Ask your administrator to check the username attribute of the provider.',
  },
  group_not_allowed: {
    status: 403,
    level: 'info',
    message: 'None of your groups may call this API.',
    hint: 'Ask your administrator to add you to a group with API access.',
  },
  read_only_user: { status: 403, level: 'info', message: 'You may only read through this API.' },
  endpoint_protected: {
    status: 403,
    level: 'info',
    message: 'This endpoint makes credentials or sessions and is not served through the gateway.',
  },
  rate_limited: {
    status: 429,
    level: 'info',
    message: 'Too many requests.',
    hint: 'Wait as long as Retry-After says.',
  },
  provider_unavailable: {
    status: 503,
    level: 'error',
    message: 'The identity provider cannot be asked at the moment.',
    hint: 'Try again as Retry-After says.',
  },
  directory_unavailable: {
    status: 503,
    level: 'error',
    message: 'The user directory cannot be asked at the moment.',
    hint: 'Try again as Retry-After says.',
  },
  database_unavailable: {
    status: 503,
    level: 'error',
    message: 'The gateway cannot reach its database at the moment.',
    hint: 'Try again as Retry-After says.',
  },
  identity_not_configured: {
    status: 403,
    level: 'warn',
    message: 'The gateway has no way to act as you in this application.',
    hint: 'Ask your administrator to set the identity mode, or store your personal access token under /restgate.',
  },
  identity_mismatch: {
    status: 502,
    level: 'error',
    message: 'The application did not answer as the intended user; its answer is withheld.',
    hint: 'Tell your administrator: the identity mode of this application needs a check.',
  },
  upstream_unavailable: { status: 502, level: 'error', message: 'The application cannot be reached.' },
  upstream_timeout: { status: 504, level: 'error', message: 'The application did not answer in time.' },
  upstream_protocol_error: {
    status: 502,
    level: 'error',
    message: 'The application gave an answer that is not well-formed.',
  },
  internal_error: {
    status: 503,
    level: 'error',
    message: 'The gateway failed to decide and therefore refused the request.',
    hint: 'Tell your administrator the request id.',
  },
} as const satisfies Record<string, ReasonDefinition>;

export type ReasonCode = keyof typeof REASONS;

export const REASON_CODES = Object.keys(REASONS) as ReasonCode[];

/** The definition of a reason. Every code has one. */
export function reasonOf(code: ReasonCode): ReasonDefinition {
  return REASONS[code];
}

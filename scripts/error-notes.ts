import type { ReasonCode } from '../src/lib/reasons.js';

/** For docs/errors.md: what lies behind each reason, and what an admin does about it. */
export const ERROR_NOTES: Readonly<Record<ReasonCode, string>> = {
  malformed_request:
    'Framing that HTTP software could read in two ways: two `Host` or `Authorization` fields, a field name that imitates one of ours with `_`, a transfer coding other than `chunked`, a body on GET, more than 100 fields, a target over 8,000 bytes (414), fields over 16 KiB (431), an expectation other than `100-continue` (417), TRACE, CONNECT and methods that no product serves (405). The connection is closed. Correct the client or the proxy before Restgate.',
  malformed_path:
    'The path holds dot segments, empty segments, `;`, `\\`, `#`, an encoded slash, a control character, an invalid escape or invalid UTF-8 in any encoding, or has the form `/s/.../_/...` with a tail that is no static file. Servlet containers and proxies disagree about such paths, so none is forwarded. Encode names properly: `C%23` and `100%25` are fine.',
  unknown_application:
    'Neither the `Host` nor the first part of the path belongs to an enabled application. Compare the URL with `GET /restgate/api/v1/applications`; prefixes are case-sensitive.',
  not_an_api:
    'The application has `webTraffic: block` and the path is not under `/rest/` or `/rpc/`. Send an API credential, or set `webTraffic: forward`.',
  ip_not_allowed:
    'IP rules are on and the client address is not in the list, or it could not be told (a trusted proxy sent no address, or one that does not parse). `GET /restgate/api/v1/restrictions/ip/whoami` shows how Restgate sees a caller.',
  too_many_failures:
    'Too many bad credentials came from this address (an IPv6 /64 counts as one) within a minute. It ends by itself; the limit is `failedAuthentications.perMinute` of `/rate-limit`. Two wrong passwords for one user of an application within five minutes have the same effect for every other password of that user, so that nobody’s account gets a CAPTCHA through the gateway; a password that was right within the last day goes on, and tokens are not concerned.',
  ambiguous_credentials:
    'Two of `Authorization`, `X-Api-Token` and `os_username` were sent, or one of them beside the name and password in the body of a login. Restgate does not guess which one is meant.',
  unsupported_credential:
    'The `Authorization` field is not well-formed Bearer, Basic or OAuth 1.0a, or `X-Api-Token` holds no token of Restgate. Look for two schemes in one field, broken base64, an empty user name.',
  authentication_required:
    'No credential was sent for a path that is not public, or the application did not accept a user name and password. With status 403: the application wants a CAPTCHA after wrong passwords; log in to it once in a browser, or use an API token. Public paths are in `GET /restgate/api/v1/public-api/catalogue`.',
  token_unknown:
    'The API token does not exist here. Callers get the same words for a revoked token and for one of another user; the audit log tells them apart.',
  token_expired:
    'The token is past its expiry. For API tokens every answer carries `X-Token-Expires-At` beforehand.',
  token_revoked:
    'Only in the audit log; callers see `token_unknown`. Somebody revoked the token, and something still uses it: the audit event names the token.',
  token_malformed:
    'The value starts with `rgt_` but its length, alphabet or checksum is wrong: usually cut off or changed while copying.',
  token_owner_mismatch:
    'Only in the audit log; callers see `token_unknown`. The user name of the Basic field is not the owner of the token.',
  token_audience:
    'The token is genuine but was issued for another API or to another client. Fetch it with the client id, scope or resource that this gateway expects, or add the audience to the provider when it is meant to be accepted.',
  token_type_rejected: 'An ID, refresh or logout token was sent instead of an access token.',
  token_binding_required:
    'The token is sender-constrained (DPoP or mutual TLS). Restgate must not take it as a plain bearer token (RFC 9449 section 7.2, RFC 8705). Switch the binding off for this client at the provider.',
  token_scope:
    "The API token's scope, applications, paths or addresses do not cover the call. A `read` token may not write.",
  oauth_disabled: 'Global setting `oauthTokensEnabled` is off.',
  oauth_token_rejected:
    'No configured provider accepts the token: unknown issuer, bad signature, inactive. `POST /restgate/api/v1/token-tests` shows which provider was asked and what it said.',
  pat_disabled:
    'Global setting `personalAccessTokensAllowed` is off; creating personal access tokens through the gateway is refused with it.',
  pat_rejected:
    "The application's own who-am-I does not accept the personal access token: revoked, expired, or of another instance.",
  basic_disabled:
    'Global setting `basicAuthenticationDisabled` is on. It covers the Basic field, `os_username`/`os_password` and the login resources. API tokens still work in Basic form.',
  session_rejected: 'The application has `sessionCookies: reject`.',
  application_links_rejected: 'The application has `applicationLinks: reject`.',
  user_unknown:
    'The token is good, but the directory has no user of this name or e-mail. Check the username attribute and the transform of the provider with "Get response".',
  user_inactive: 'The account is deactivated in the directory.',
  user_attribute_missing:
    "The provider's answer has no usable value at the username attribute: missing, empty, not a text, an unverified e-mail address, or a name with characters that are refused.",
  group_not_allowed: '"Allow API access" is on and the user is in none of its groups.',
  read_only_user:
    'The user is in a read-only group and the call writes. What counts as reading is in docs/read-write.md.',
  endpoint_protected:
    'The endpoint mints credentials or sessions (personal access tokens, OAuth, SSH keys, passwords). Restgate does not call it with an identity that it injects. An admin can open single ones per application.',
  rate_limited:
    'The limit of requests per time frame is used up. `Retry-After` says when to come back. The same code is given for a 429 of the application itself; hint and audit detail then say so.',
  provider_unavailable:
    'The identity provider did not answer, answered with an error, or asked to slow down (429), and no earlier answer is fresh enough. `/restgate/health/ready` names the provider.',
  directory_unavailable:
    'The directory could not be asked and nothing usable is cached (60 s fresh, 10 min when it is away). Check the service account with `POST /applications/{key}/check`.',
  database_unavailable: 'A decision needed the database, and it is away. Cached callers go on.',
  identity_not_configured:
    'The identity mode is `none`, or `pat` without a stored token for this user, or the user name cannot be put into the header. Users store their token with `PUT /restgate/api/v1/me/credentials/{application}`.',
  identity_mismatch:
    'The application answered as another user than the intended one, or as anonymous (`X-AUSERNAME`). Its answer is withheld. Usual causes: the application link does not allow impersonation, the public key is another one, the trusted header is not trusted, the user may not log in. Run `POST /applications/{key}/check`.',
  upstream_unavailable:
    'Connection refused or reset, name not found, or its certificate is not valid. The log has the details; answers never name hosts.',
  upstream_timeout:
    'No connection within `timeouts.connectMs` or no answer within `timeouts.headersMs` of the application.',
  upstream_protocol_error:
    'The application, or something before it, sent bytes that are not well-formed HTTP.',
  internal_error:
    'A step of the decision threw. The request was refused and the log has the stack under the request id.',
};

import type { Credential, Exchange, StepResult } from '../decisions/exchange.port.js';
import { deny, forwardNow } from '../decisions/pipeline.port.js';
import type { GlobalSettings } from '../global-settings/global-settings.port.js';

const OAUTH_DISABLED = deny('oauth_disabled', { bearerError: 'invalid_token' });
const PAT_DISABLED = deny('pat_disabled', { bearerError: 'invalid_token' });
const MINTING = /^\/rest\/(?:pat|access-tokens)(?:\/|$)/;

/**
 * Whether a kind of credential may be used here: the switches of the global settings, and what the application
 * says about sessions and application links, which are forwarded as they are.
 */
export function kindAllowed(
  credential: Credential,
  exchange: Pick<Exchange, 'application' | 'policyPath' | 'head'>,
  settings: GlobalSettings,
): StepResult {
  if (!settings.personalAccessTokensAllowed && mintsPersonalAccessToken(exchange)) {
    return deny('pat_disabled', {
      detail: 'creating personal access tokens is switched off with them',
      status: 403,
    });
  }
  switch (credential.kind) {
    case 'oauth':
      return settings.oauthTokensEnabled ? undefined : OAUTH_DISABLED;
    case 'pat':
      return settings.personalAccessTokensAllowed ? undefined : PAT_DISABLED;
    case 'basic':
      return settings.basicAuthenticationDisabled ? deny('basic_disabled') : undefined;
    case 'session':
      return exchange.application?.sessionCookies === 'forward'
        ? forwardNow('session')
        : deny('session_rejected');
    case 'oauth1':
      return exchange.application?.applicationLinks === 'forward'
        ? forwardNow('passed-through')
        : deny('application_links_rejected');
    case 'api-token':
    case 'none':
      return undefined;
  }
}

function mintsPersonalAccessToken({ policyPath, head }: Pick<Exchange, 'policyPath' | 'head'>): boolean {
  return (head.method === 'POST' || head.method === 'PUT') && MINTING.test(policyPath);
}

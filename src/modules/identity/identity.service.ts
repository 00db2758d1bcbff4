import { Inject, Injectable } from '@nestjs/common';
import { CONFIG } from '../../platform/config/config.js';
import type { Config } from '../../platform/config/config.js';
import { API } from '../../platform/http/api.js';
import type { Application, IdentitySettings, Product } from '../applications/applications.port.js';
import type { Denial, Principal } from '../decisions/exchange.port.js';
import { deny } from '../decisions/pipeline.port.js';
import type { ActingRequest, IdentityPort, OutgoingRequest } from './identity.port.js';
import { MintedPats } from './minted-pats.service.js';
import type { Oauth1Settings } from './oauth1-signature.policy.js';
import { Oauth1SignerService } from './oauth1-signer.service.js';
import { StoredPatMarks } from './stored-pat-marks.service.js';
import { STORED_PATS } from './stored-pats.port.js';
import type { StoredPatsPort } from './stored-pats.port.js';

const HEADER_SAFE = /^[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/;

/** Where users make their personal access tokens, below the application's address. */
const TOKEN_PAGES: Readonly<Record<Product, string>> = {
  jira: '/secure/ViewProfile.jspa',
  confluence: '/plugins/personalaccesstokens/usertokens.action',
  bitbucket: '/plugins/servlet/access-tokens/manage',
};

@Injectable()
export class IdentityService implements IdentityPort {
  constructor(
    private readonly signer: Oauth1SignerService,
    @Inject(STORED_PATS) private readonly storedPats: StoredPatsPort,
    private readonly marks: StoredPatMarks,
    private readonly minted: MintedPats,
    @Inject(CONFIG) private readonly config: Pick<Config, 'publicUrl'>,
  ) {}

  actAs(
    application: Application,
    principal: Principal,
    request: OutgoingRequest,
  ): ActingRequest | Denial | Promise<ActingRequest | Denial> {
    const { identity } = application;
    switch (identity.mode) {
      case 'oauth1':
        return (
          this.withMintedPat(application, identity, principal, request) ??
          this.signer.sign(identity, application.baseUrl, principal.username, request)
        );
      case 'pat':
        return this.withStoredPat(application, principal, request);
      case 'header':
        return withHeader(identity, principal, request);
      case 'none':
        return deny('identity_not_configured', {
          detail: `Application ${application.key} has identity mode none.`,
        });
    }
  }

  /** Only for what can be sent again: a token that has ended unnoticed must not make a write of nobody. */
  private withMintedPat(
    application: Application,
    identity: Oauth1Settings,
    { username }: Principal,
    request: OutgoingRequest,
  ): ActingRequest | undefined {
    if (!identity.mintedPat?.enabled || !request.repeatable) return undefined;
    const token = this.minted.tokenOf(application, username);
    if (token === undefined) return undefined;
    const refused = (): undefined => this.minted.forget(application, username, token);
    return { ...bearing(request, token), refused, weaker: application.product === 'bitbucket' };
  }

  private withStoredPat(
    application: Application,
    { username }: Principal,
    request: OutgoingRequest,
  ): ActingRequest | Denial {
    const stored = this.storedPats.storedBy(application.id, username);
    if (!stored) {
      const detail = `${username} has stored no personal access token for application ${application.key}.`;
      return this.notConfigured(application, detail, '');
    }
    if (stored.refusedAt || (stored.expiresAt && stored.expiresAt.getTime() <= Date.now()))
      return this.noLongerAccepted(application, username);
    const refused = (): Denial => {
      this.marks.noteRefused(application, username);
      return this.noLongerAccepted(application, username);
    };
    return { ...bearing(request, stored.token), refused };
  }

  private noLongerAccepted(application: Application, username: string): Denial {
    const detail = `The personal access token that ${username} stored for application ${application.key} is no longer accepted.`;
    const before = `${application.name} no longer accepts the personal access token that you stored. `;
    return this.notConfigured(application, detail, before);
  }

  private notConfigured(application: Application, detail: string, before: string): Denial {
    return deny('identity_not_configured', { detail, hint: before + this.howToStore(application) });
  }

  private howToStore({ key, name, product, pathPrefix }: Application): string {
    const page = `${pathPrefix}${TOKEN_PAGES[product]}`;
    const store = `${this.config.publicUrl}/${API}/me/credentials/${key}`;
    return `Make a personal access token in ${name} (page ${page}) and store it once with PUT ${store}.`;
  }
}

function bearing({ path, query }: OutgoingRequest, token: string): ActingRequest {
  return { target: path + query, headers: ['Authorization', `Bearer ${token}`] };
}

function withHeader(
  identity: Extract<IdentitySettings, { mode: 'header' }>,
  principal: Principal,
  request: OutgoingRequest,
): ActingRequest | Denial {
  const { header, sharedSecretHeader, sharedSecret } = identity;
  if (!HEADER_SAFE.test(principal.username)) {
    const detail =
      'The user name holds characters that a header cannot carry; use identity mode oauth1 or pat.';
    return deny('identity_not_configured', { detail });
  }
  const headers = [header, principal.username];
  if (sharedSecretHeader !== undefined && sharedSecret !== undefined)
    headers.push(sharedSecretHeader, sharedSecret);
  return { target: request.path + request.query, headers };
}

import { Inject, Injectable } from '@nestjs/common';
import type { Application } from '../applications/applications.port.js';
import type { Credential, CredentialReference, Denial, Principal } from '../decisions/exchange.port.js';
import { deny } from '../decisions/pipeline.port.js';
import { DIRECTORY, DirectoryUnavailableError } from '../directory/directory.port.js';
import type { DirectoryPort, DirectoryQuery, DirectoryUser } from '../directory/directory.port.js';
import { TOKEN_VERIFIER, isRefusal } from '../providers/providers.port.js';
import type { TokenRefusal, TokenVerifierPort, VerifiedToken } from '../providers/providers.port.js';
import { limitsByGroup } from '../rate-limit/rate-limit.port.js';
import { GROUP_RESTRICTIONS } from '../restrictions/restrictions.port.js';
import { API_TOKENS, isTokenRefusal } from '../tokens/tokens.port.js';
import type { ApiTokenPort, KnownApiToken } from '../tokens/tokens.port.js';
import { isDenied } from './credentials.port.js';
import type { AuthenticationContext, AuthenticatorPort, ProvedSubjectsPort } from './credentials.port.js';
import { sha256 } from '../../platform/crypto/sha256.js';
import { recogniseCredential } from './credential.policy.js';
import { PrincipalCache, withoutDirectory } from './principal-cache.service.js';

type Found<T> = T | Promise<T>;

const NO_APPLICATION = deny('directory_unavailable', {
  detail: 'no application with a directory is configured',
});

@Injectable()
export class Authenticator implements AuthenticatorPort, ProvedSubjectsPort {
  private readonly principals = new PrincipalCache();

  constructor(
    @Inject(API_TOKENS) private readonly tokens: ApiTokenPort,
    @Inject(TOKEN_VERIFIER) private readonly verifier: TokenVerifierPort,
    @Inject(DIRECTORY) private readonly directory: DirectoryPort,
  ) {}

  recognise(fields: Parameters<AuthenticatorPort['recognise']>[0]): Credential | Denial {
    return recogniseCredential({ ...fields, parameters: undefined, login: false });
  }

  authenticate(credential: Credential, context: AuthenticationContext): Found<Principal | Denial> {
    switch (credential.kind) {
      case 'api-token':
        return this.byApiToken(credential, context);
      case 'oauth':
        return this.byProviderToken(credential, context);
      case 'pat':
        return this.byPersonalAccessToken(credential, context);
      case 'basic':
        return this.byClaimedName(credential, context);
      default:
        return deny('unsupported_credential', { detail: `a credential of kind ${credential.kind}` });
    }
  }

  principalOf(verified: VerifiedToken, application: Application | undefined): Found<Principal | Denial> {
    return this.byVerifiedToken(verified, application);
  }

  private byApiToken(credential: Credential, context: AuthenticationContext): Found<Principal | Denial> {
    const token = this.tokens.verify(credential.secret, credential.username, context.snapshot, context.now);
    if (isTokenRefusal(token)) {
      return deny(token.refused, { reference: token.reference, bearerError: 'invalid_token' });
    }
    if (!context.dryRun) this.tokens.noteUse(token.id, context.clientIp, context.now, token.replaced);
    return this.inDirectory(context.application, { by: 'username', value: token.username }, [], token, {
      credential: token.reference,
      limits: token.limits,
      expiresAt: token.expiresAt,
    });
  }

  private byProviderToken(credential: Credential, context: AuthenticationContext): Found<Principal | Denial> {
    const verified = this.verifier.verify(
      credential.secret,
      (credential.fingerprint ??= sha256(credential.secret)),
    );
    if (verified instanceof Promise)
      return verified.then((result) => this.byVerifiedToken(result, context.application));
    return this.byVerifiedToken(verified, context.application);
  }

  private byVerifiedToken(
    result: VerifiedToken | TokenRefusal,
    application: Application | undefined,
  ): Found<Principal | Denial> {
    if (isRefusal(result)) return denialOf(result);
    const reference: CredentialReference = {
      kind: 'oauth',
      id: result.clientId,
      name: result.providerName,
      provider: result.providerId,
    };
    return this.inDirectory(application, result.subject, result.groups, result, { credential: reference });
  }

  /** The directory user behind a proved subject; the principal is made once per proof and directory entry. */
  private inDirectory(
    application: Application | undefined,
    query: DirectoryQuery,
    claimedGroups: readonly string[],
    proof: VerifiedToken | KnownApiToken,
    shape: Pick<Principal, 'credential' | 'limits'> & { expiresAt?: number | undefined },
  ): Found<Principal | Denial> {
    if (!application) return NO_APPLICATION;
    const make = (user: DirectoryUser | undefined): Principal | Denial => {
      if (!user)
        return deny('user_unknown', { reference: shape.credential, detail: `${query.by} ${query.value}` });
      if (!user.active) return deny('user_inactive', { reference: shape.credential, detail: user.username });
      return this.principals.of(proof, user, () => ({
        username: user.username,
        groups: user.groups,
        groupKeys: user.groupKeys,
        credential: shape.credential,
        limits: shape.limits,
        expiresAt: shape.expiresAt,
        verified: true,
      }));
    };
    if (application.directory.kind === 'claims')
      return make(this.principals.claimed(proof, query.value, claimedGroups));
    return this.lookUp(() => this.directory.find(application, query), make);
  }

  private byPersonalAccessToken(
    credential: Credential,
    context: AuthenticationContext,
  ): Found<Principal | Denial> {
    const { application } = context;
    if (!application) return NO_APPLICATION;
    const make = (user: DirectoryUser | undefined): Principal | Denial => {
      if (!user) return deny('pat_rejected', { bearerError: 'invalid_token' });
      if (!user.active) return deny('user_inactive', { detail: user.username });
      return this.principals.of(user, user, () => ({
        username: user.username,
        groups: user.groups,
        groupKeys: user.groupKeys,
        credential: { kind: 'pat' },
        verified: true,
      }));
    };
    return this.lookUp(() => this.directory.whoIs(application, credential.secret), make);
  }

  /**
   * The application decides about the password; the claimed name is asked for only when a rule needs its groups. Not
   * knowing them refuses where groups decide about access; where only the rate limit asks, the default limit holds.
   */
  private byClaimedName(credential: Credential, context: AuthenticationContext): Found<Principal | Denial> {
    const { application, snapshot } = context;
    const { apiAccess, readOnly } = GROUP_RESTRICTIONS.of(snapshot);
    const claimed = credential.username ?? '';
    const unknown = withoutDirectory(claimed);
    const restricted = apiAccess.enabled || readOnly.enabled;
    if (claimed === '' || !(restricted || limitsByGroup(snapshot, 'basic'))) return unknown;
    if (!application || application.directory.kind === 'claims') return unknown;
    const found = this.lookUp(
      () => this.directory.find(application, { by: 'username', value: claimed }),
      (user) => (user ? { ...unknown, groups: user.groups, groupKeys: user.groupKeys } : unknown),
    );
    if (restricted) return found;
    const orUnknown = (result: Principal | Denial): Principal => (isDenied(result) ? unknown : result);
    return found instanceof Promise ? found.then(orUnknown) : orUnknown(found);
  }

  private lookUp(
    find: () => Found<DirectoryUser | undefined>,
    make: (user: DirectoryUser | undefined) => Principal | Denial,
  ): Found<Principal | Denial> {
    try {
      const user = find();
      return user instanceof Promise ? user.then(make).catch(directoryDenial) : make(user);
    } catch (error) {
      return directoryDenial(error);
    }
  }
}

/** A directory that cannot be asked is a refusal of its own; everything else goes on as an error. */
function directoryDenial(error: unknown): Denial {
  if (!(error instanceof DirectoryUnavailableError)) throw error;
  return deny('directory_unavailable', { detail: error.message, retryAfterSeconds: error.retryAfterSeconds });
}

function denialOf(refusal: TokenRefusal): Denial {
  const unavailable = refusal.refused === 'provider_unavailable';
  return deny(refusal.refused, {
    detail: refusal.detail,
    retryAfterSeconds: refusal.retryAfterSeconds,
    bearerError: unavailable ? undefined : 'invalid_token',
  });
}

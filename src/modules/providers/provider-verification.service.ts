import { Injectable } from '@nestjs/common';
import type { Claims } from './claims.policy.js';
import { textAt } from './claims.policy.js';
import { addresseeOf, clientOf, isForUs } from './jwt-claims.policy.js';
import type { TokenForm } from './jwt-token.policy.js';
import { JwtVerifier } from './jwt-verifier.service.js';
import { presetOf } from './presets/presets.policy.js';
import { ProviderHttpError } from './provider-http.errors.js';
import type { Provider } from './provider-settings.port.js';
import { isRefusal } from './providers.port.js';
import type { TokenRefusal, TokenStep, VerifiedToken } from './providers.port.js';
import { refusalOfIntrospection } from './token-answers.policy.js';
import { TokenQuestions } from './token-questions.service.js';
import type { Found } from './token-answers.policy.js';
import { refuse } from './token-refusal.policy.js';
import {
  groupsOf,
  machineOf,
  mappedMachineOf,
  namesPerson,
  subjectOfMachine,
  subjectOfPerson,
} from './user-name.policy.js';
import type { Machine } from './user-name.policy.js';

const RETRY_AFTER_SECONDS = 5;

/** One verification on its way: what is asked about, and the steps for explain. */
interface Inquiry {
  readonly provider: Provider;
  readonly token: string;
  readonly form: TokenForm;
  readonly steps: TokenStep[] | undefined;
}

interface Named {
  readonly subject: VerifiedToken['subject'];
  readonly claims: Claims;
}

/**
 * Verifies a token at one provider by its validation mode. Every rule is in the policies; here is their order:
 * validity, audience, then the user. Never throws for a provider that is away: that is `provider_unavailable`.
 */
@Injectable()
export class ProviderVerification {
  constructor(
    private readonly jwts: JwtVerifier,
    private readonly questions: TokenQuestions,
  ) {}

  async verify(
    provider: Provider,
    token: string,
    form: TokenForm,
    steps?: TokenStep[],
  ): Promise<VerifiedToken | TokenRefusal> {
    const inquiry: Inquiry = { provider, token, form, steps };
    try {
      const result = await this.run(inquiry);
      if (isRefusal(result)) note(inquiry, 'result', 'failed', result.detail);
      return result;
    } catch (error) {
      if (!(error instanceof ProviderHttpError)) throw error;
      note(inquiry, 'provider', 'failed', error.message);
      return refuse('provider_unavailable', error.message, error.retryAfterSeconds ?? RETRY_AFTER_SECONDS);
    }
  }

  private async run(inquiry: Inquiry): Promise<VerifiedToken | TokenRefusal> {
    const valid = await this.validClaims(inquiry);
    if (isNotFound(valid)) return valid;
    note(inquiry, 'validity', 'passed', `Valid by ${inquiry.provider.validation}.`);
    const refused = refusalOfAudience(inquiry, valid.claims);
    if (refused) return refused;
    const named = await this.subject(inquiry, valid.claims);
    if ('refused' in named) return named;
    const { provider } = inquiry;
    note(inquiry, 'user', 'passed', `The token is ${named.subject.value}'s (by ${named.subject.by}).`);
    return {
      providerId: provider.id,
      providerName: provider.name,
      subject: named.subject,
      groups: groupsOf(named.claims, provider),
      expiresAt: expiryOf(valid.claims),
      clientId: clientOf(valid.claims),
    };
  }

  private async validClaims(inquiry: Inquiry): Promise<Found> {
    const { provider } = inquiry;
    switch (provider.validation) {
      case 'jwt':
        return this.byJwt(inquiry);
      case 'introspection':
        return this.byIntrospection(inquiry);
      case 'userinfo':
        return this.byUserinfo(inquiry);
      case 'jwt+introspection': {
        const local = await this.byJwt(inquiry);
        if (isNotFound(local)) return local;
        const remote = await this.byIntrospection(inquiry);
        return isNotFound(remote) ? remote : merged(remote.claims, local.claims);
      }
    }
  }

  private byJwt({ provider, form }: Inquiry): Promise<Found> | Found {
    if (form.form !== 'jwt')
      return refuse(
        'oauth_token_rejected',
        'The token is not a signed JWT, and the provider is set to "jwt".',
      );
    return this.jwts.verify(provider, form.jwt, Date.now());
  }

  private async byIntrospection(inquiry: Inquiry): Promise<Found> {
    const { provider, token } = inquiry;
    const found = await this.questions.introspect(provider, token);
    if (isNotFound(found)) return found;
    const refused = refusalOfIntrospection(found.claims, provider, Date.now() / 1000);
    return refused ?? (await this.withoutType(inquiry, found.claims));
  }

  /** Some servers call refresh and ID tokens active without naming a type. User info refuses those, so it is asked. */
  private async withoutType({ provider, token }: Inquiry, claims: Claims): Promise<Found> {
    const unclear = claims['token_type'] === undefined && provider.validation === 'introspection';
    if (!unclear || provider.endpoints.userinfo === undefined || machineOf(claims, provider))
      return { claims };
    const found = await this.questions.userinfo(provider, token);
    if (!isNotFound(found)) return merged(found.claims, claims);
    return refuse(
      'token_type_rejected',
      'The provider does not say that this is an access token, and user info refuses it.',
    );
  }

  /** User info alone proves nothing about the audience, so the proof comes first, where there is one. */
  private async byUserinfo(inquiry: Inquiry): Promise<Found> {
    const { provider, token } = inquiry;
    const proof = await this.proof(inquiry);
    if (proof && isNotFound(proof)) return proof;
    if (proof && machineOf(proof.claims, provider)) return proof;
    const found = await this.questions.userinfo(provider, token);
    if (isNotFound(found)) return found;
    return proof ? merged(found.claims, proof.claims) : { claims: withoutAudience(found.claims) };
  }

  private async proof(inquiry: Inquiry): Promise<Found | undefined> {
    const probed = await this.questions.probe(inquiry.provider, inquiry.token);
    if (probed && !isNotFound(probed))
      return refusalOfIntrospection(probed.claims, inquiry.provider, Date.now() / 1000) ?? probed;
    if (probed || inquiry.provider.endpoints.introspection === undefined) return probed;
    return this.byIntrospection(inquiry);
  }

  private async subject(inquiry: Inquiry, claims: Claims): Promise<Named | TokenRefusal> {
    const { provider, token } = inquiry;
    const machine = machineOf(claims, provider);
    if (machine) return machineSubject(machine, provider, claims);
    const more = await this.moreClaims(inquiry, provider, token, claims);
    if (isNotFound(more)) return more;
    const nobody = mappedMachineOf(more.claims, provider);
    if (nobody) return machineSubject(nobody, provider, claims);
    // What was accepted as a machine's token turned out to be a person's: the client must be ours then.
    const foreign = refusalOfPersonsAudience(provider, claims);
    if (foreign) return foreign;
    const refused = presetOf(provider.preset).refusalOfUser?.(more.claims, provider);
    if (refused) return refused;
    const subject = subjectOfPerson(more.claims, provider);
    return 'refused' in subject ? subject : { subject, claims: more.claims };
  }

  /** User info fills in what the token itself does not say about the person. */
  private async moreClaims(
    inquiry: Inquiry,
    provider: Provider,
    token: string,
    claims: Claims,
  ): Promise<Found> {
    const complete = namesPerson(claims, provider) || provider.validation === 'userinfo';
    if (complete || provider.endpoints.userinfo === undefined) return { claims };
    const found = await this.questions.userinfo(provider, token);
    if (isNotFound(found)) {
      note(inquiry, 'userinfo', 'failed', found.detail);
      return { claims };
    }
    note(inquiry, 'userinfo', 'passed', 'The user attribute was read from user info.');
    return merged(found.claims, claims);
  }
}

function machineSubject(machine: Machine, provider: Provider, claims: Claims): Named | TokenRefusal {
  const subject = subjectOfMachine(machine, provider);
  return 'refused' in subject ? subject : { subject, claims };
}

function refusalOfPersonsAudience(provider: Provider, claims: Claims): TokenRefusal | undefined {
  if (provider.audienceCheck === 'accept-any-client' || isForUs(claims, provider)) return undefined;
  return refuse(
    'token_audience',
    `The token is for a person, but was issued to a machine: ${addresseeOf(claims)}.`,
  );
}

function refusalOfAudience(inquiry: Inquiry, claims: Claims): TokenRefusal | undefined {
  const { provider } = inquiry;
  if (isForUs(claims, provider) || mappedMachineOf(claims, provider)) {
    note(inquiry, 'audience', 'passed', `Issued for this gateway: ${addresseeOf(claims)}.`);
    return undefined;
  }
  if (provider.audienceCheck === 'accept-any-client') {
    note(inquiry, 'audience', 'skipped', `Tokens of any client are accepted: ${addresseeOf(claims)}.`);
    return undefined;
  }
  return refuse(
    'token_audience',
    `The token is not for this gateway: ${addresseeOf(claims)}. Accepted: ${[...provider.audiences].slice(0, 10).join(', ')}.`,
  );
}

/** `proved` wins; both must speak of the same subject when both name one (OpenID Connect Core section 5.3.2). */
function merged(more: Claims, proved: Claims): Found {
  const one = textAt(more, 'sub');
  const other = textAt(proved, 'sub');
  if (one !== undefined && other !== undefined && one !== other) {
    return refuse('oauth_token_rejected', 'The answers of the provider name different subjects.');
  }
  return { claims: Object.assign(Object.create(null) as Record<string, unknown>, more, proved) };
}

const PROOF_CLAIMS = ['aud', 'azp', 'client_id', 'cid', 'appid'];

/** User info is about a person: what it might say about audience or client proves nothing. */
function withoutAudience(claims: Claims): Claims {
  const copy = Object.assign(Object.create(null) as Record<string, unknown>, claims);
  for (const name of PROOF_CLAIMS) delete copy[name];
  return copy;
}

function expiryOf(claims: Claims): number | undefined {
  const expiry = claims['exp'];
  return typeof expiry === 'number' && Number.isFinite(expiry) ? expiry * 1000 : undefined;
}

function isNotFound(found: Found): found is TokenRefusal {
  return 'refused' in found;
}

function note(inquiry: Inquiry, step: string, outcome: TokenStep['outcome'], detail: string): void {
  inquiry.steps?.push({ step, outcome, detail });
}

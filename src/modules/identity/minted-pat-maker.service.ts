import { hostname } from 'node:os';
import { Inject, Injectable } from '@nestjs/common';
import { v7 as uuid } from 'uuid';
import { CONFIG } from '../../platform/config/config.js';
import type { Config } from '../../platform/config/config.js';
import { LOGGER } from '../../platform/logging/logger.js';
import type { Logger } from '../../platform/logging/logger.js';
import { ApplicationHttpError } from '../applications/application-http.port.js';
import type { Application } from '../applications/applications.port.js';
import { AUDIT } from '../audit/audit.port.js';
import type { AuditPort } from '../audit/audit.port.js';
import { Oauth1SignerService } from './oauth1-signer.service.js';
import { ProductTokens, holderOf } from './product-tokens.service.js';
import type { ActingUser } from './product-tokens.service.js';
import { DAY_MS } from './stored-pat-state.policy.js';

/** A token that Restgate made as a user. Held in memory only. */
export interface MintedPat {
  /** As it was when the token was made: with its keys the token can be taken back. */
  readonly application: Application;
  readonly username: string;
  readonly id: string;
  readonly token: string;
  readonly madeAt: number;
  readonly expiresAt: number;
}

/** Makes short-lived tokens as a user by OAuth 1.0a, and takes them back. Everything is audited, without the token. */
@Injectable()
export class MintedPatMaker {
  /** Tells this node's tokens from those of other nodes, so that what a killed process left can be taken back. */
  private readonly name: string;

  constructor(
    private readonly tokens: ProductTokens,
    private readonly signer: Oauth1SignerService,
    @Inject(AUDIT) private readonly audit: AuditPort,
    @Inject(LOGGER) private readonly log: Logger,
    @Inject(CONFIG) config: Pick<Config, 'port'>,
  ) {
    this.name = `Restgate fast path ${hostname()}:${config.port}`.slice(0, 100);
  }

  /** `keep`: the id of a token that still serves. Throws `ApplicationHttpError` when none can be made. */
  async make(application: Application, username: string, keep: string | undefined): Promise<MintedPat> {
    const { identity } = application;
    if (identity.mode !== 'oauth1' || !identity.mintedPat) throw new Error('No token may be made here.');
    const user = this.impersonated(application, username);
    await this.takeBackLeftovers(user, keep);
    const { lifetimeDays } = identity.mintedPat;
    const minted = await this.tokens.mint(user, this.name, lifetimeDays);
    const madeAt = Date.now();
    const longest = madeAt + lifetimeDays * DAY_MS;
    const expiresAt = Math.min(minted.expiresAt?.getTime() ?? longest, longest);
    this.record(application, username, `Restgate made a token (id ${minted.id}) as this user.`);
    return { application, username, id: minted.id, token: minted.token, madeAt, expiresAt };
  }

  /** Never throws: a token that cannot be taken back is logged and audited, and ends by itself. */
  async takeBack(minted: MintedPat, why: string): Promise<void> {
    const { application, username, id } = minted;
    const gone = await this.revoke(minted);
    const end = new Date(minted.expiresAt).toISOString();
    const detail = gone
      ? `The token that Restgate made as this user (id ${id}) was revoked: ${why}.`
      : `The token that Restgate made as this user (id ${id}) could not be revoked and ends at ${end}: ${why}.`;
    if (!gone)
      this.log.warn({ application: application.key, id, why }, 'a minted token could not be revoked');
    this.record(application, username, detail);
  }

  private async revoke({ application, username, id, token }: MintedPat): Promise<boolean> {
    const ways = [this.impersonated(application, username), holderOf(application, username, token)];
    for (const user of ways) {
      try {
        if (await this.tokens.revoke(user, id)) return true;
      } catch (error) {
        if (!(error instanceof ApplicationHttpError)) throw error;
        this.log.info({ err: error, application: application.key }, 'a minted token was not revoked');
      }
    }
    return false;
  }

  private async takeBackLeftovers(user: ActingUser, keep: string | undefined): Promise<void> {
    for (const { id, name } of (await this.tokens.list(user)) ?? []) {
      if (name !== this.name || id === keep) continue;
      await this.tokens.revoke(user, id);
    }
  }

  private impersonated(application: Application, username: string): ActingUser {
    const { identity } = application;
    if (identity.mode !== 'oauth1') throw new Error('The application does not take signed requests.');
    return {
      application,
      username,
      authorise: (request) => this.signer.sign(identity, application.baseUrl, username, request),
    };
  }

  private record(application: Application, username: string, detail: string): void {
    const time = Date.now();
    this.audit.record({
      id: uuid({ msecs: time }),
      time,
      requestId: 'restgate',
      category: 'admin',
      decision: 'forwarded',
      application: application.key,
      user: username,
      target: `users/${username}/minted-token/${application.key}`,
      detail,
    });
  }
}

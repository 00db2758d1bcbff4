import { Inject, Injectable } from '@nestjs/common';
import { CHANGE_FEED } from '../../platform/change-feed/change-feed.port.js';
import type { ChangeDescription, ChangeFeedPort } from '../../platform/change-feed/change-feed.port.js';
import { ProblemError, invalidField, notFound } from '../../platform/http/problem.js';
import { LOGGER } from '../../platform/logging/logger.js';
import type { Logger } from '../../platform/logging/logger.js';
import { ApplicationHttpError } from '../applications/application-http.port.js';
import { APPLICATIONS } from '../applications/applications.port.js';
import type { Application } from '../applications/applications.port.js';
import { DIRECTORY, sameUserName } from '../directory/directory.port.js';
import type { DirectoryPort } from '../directory/directory.port.js';
import { listedAs } from './product-tokens.policy.js';
import type { ProductToken } from './product-tokens.policy.js';
import { ProductTokens, holderOf } from './product-tokens.service.js';
import { STORED_PATS_SLOT, placeOf } from './stored-pats.port.js';
import type { NewStoredPat, PatOwner, StoredPat, StoredPatInfo, StoredPatsPort } from './stored-pats.port.js';
import { StoredPatsRepository } from './stored-pats.repository.js';
import type { StoredPatRow } from './stored-pats.repository.js';

@Injectable()
export class StoredPatsService implements StoredPatsPort {
  constructor(
    @Inject(CHANGE_FEED) private readonly changeFeed: ChangeFeedPort,
    @Inject(DIRECTORY) private readonly directory: DirectoryPort,
    @Inject(LOGGER) private readonly log: Logger,
    private readonly repository: StoredPatsRepository,
    private readonly tokens: ProductTokens,
  ) {
    changeFeed.register(STORED_PATS_SLOT, (previous, places) => this.reload(previous, places));
  }

  storedBy(applicationId: string, username: string): StoredPat | undefined {
    const stored = STORED_PATS_SLOT.of(this.changeFeed.current).get(placeOf(applicationId, username));
    return stored && sameUserName(stored.username, username) ? stored : undefined;
  }

  listOf(username: string): StoredPatInfo[] {
    const sorted = this.applications().sort((a, b) => (a.key < b.key ? -1 : 1));
    return sorted.flatMap(({ id, key }) => {
      const stored = this.storedBy(id, username);
      return stored ? [infoOf(key, stored)] : [];
    });
  }

  async store(applicationKey: string, pat: NewStoredPat, by: PatOwner): Promise<StoredPatInfo> {
    const application = this.application(applicationKey);
    if (application.identity.mode !== 'pat') {
      throw new ProblemError(
        409,
        'identity_mode',
        `Application ${applicationKey} does not use stored personal access tokens.`,
      );
    }
    await this.refuseOthersToken(application, pat.personalAccessToken, by);
    const listed = await this.listed(application, by.username, pat.personalAccessToken);
    const expiresAt = listed ? listed.expiresAt : pat.expiresAt;
    if (expiresAt && expiresAt.getTime() <= Date.now()) throw invalidField('expiresAt', 'lies in the past');
    const storedAt = await this.changeFeed.change(
      (manager) =>
        this.repository.save(manager, {
          applicationId: application.id,
          username: by.username,
          token: pat.personalAccessToken,
          productTokenId: listed?.id,
          issuedAt: listed?.issuedAt,
          expiresAt,
        }),
      () => ({
        ...described(application, by),
        after: { personalAccessTokenSet: true, expiresAt: expiresAt?.toISOString() ?? null },
      }),
    );
    return { applicationKey, storedAt, ...(expiresAt && { expiresAt }) };
  }

  async remove(applicationKey: string, by: PatOwner): Promise<void> {
    const application = this.application(applicationKey);
    const row = await this.repository.find(application.id, by.username);
    await this.changeFeed.change(
      async (manager) => {
        const removed = await this.repository.remove(manager, application.id, by.username);
        if (!removed) throw notFound(`A stored token for application ${applicationKey}`);
      },
      () => ({ ...described(application, by), before: { personalAccessTokenSet: true } }),
    );
    if (row?.renewedAt) await this.takeBack(application, row);
  }

  private async refuseOthersToken(application: Application, token: string, by: PatOwner): Promise<void> {
    const owner = await this.directory.whoIs(application, token);
    if (!owner) throw invalidField('personalAccessToken', 'the application does not accept it');
    if (!sameUserName(owner.username, by.username))
      throw invalidField('personalAccessToken', `belongs to another user than ${by.username}`);
  }

  /** The token as the application lists it. Not every application does, and not every token may see the list. */
  private async listed(
    application: Application,
    username: string,
    token: string,
  ): Promise<ProductToken | undefined> {
    try {
      const list = await this.tokens.list(holderOf(application, username, token));
      return list && listedAs(token, list);
    } catch (error) {
      if (!(error instanceof ApplicationHttpError)) throw error;
      this.log.info({ err: error, application: application.key }, 'the end of a stored token is not known');
      return undefined;
    }
  }

  /** A token that Restgate made itself is of no use to its owner, who never saw it. */
  private async takeBack(
    application: Application,
    { username, token, productTokenId }: StoredPatRow,
  ): Promise<void> {
    try {
      await this.tokens.revoke(holderOf(application, username, token), productTokenId ?? '');
    } catch (error) {
      if (!(error instanceof ApplicationHttpError)) throw error;
      this.log.warn({ err: error, application: application.key }, 'a renewed token could not be taken back');
    }
  }

  private async reload(
    previous: ReadonlyMap<string, StoredPat>,
    places: readonly string[] | undefined,
  ): Promise<ReadonlyMap<string, StoredPat>> {
    if (places === undefined) return this.repository.loadAll();
    const next = new Map(previous);
    for (const place of places) {
      const stored = await this.repository.load(place);
      if (stored) next.set(place, stored);
      else next.delete(place);
    }
    return next;
  }

  private applications(): Application[] {
    return [...APPLICATIONS.of(this.changeFeed.current).byKey.values()];
  }

  private application(key: string): Application {
    const application = APPLICATIONS.of(this.changeFeed.current).byKey.get(key);
    if (!application) throw notFound(`Application ${key}`);
    return application;
  }
}

function infoOf(applicationKey: string, { storedAt, expiresAt, refusedAt }: StoredPat): StoredPatInfo {
  return { applicationKey, storedAt, ...(expiresAt && { expiresAt }), ...(refusedAt && { refusedAt }) };
}

function described(application: Application, by: PatOwner): ChangeDescription {
  return {
    topic: STORED_PATS_SLOT.topic,
    key: placeOf(application.id, by.username),
    by: by.username,
    ...(by.requestId !== undefined && { requestId: by.requestId }),
    ...(by.clientIp !== undefined && { clientIp: by.clientIp }),
    target: `users/${by.username}/credentials/${application.key}`,
  };
}

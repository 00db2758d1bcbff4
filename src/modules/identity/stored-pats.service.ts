import { Inject, Injectable } from '@nestjs/common';
import { CHANGE_FEED } from '../../platform/change-feed/change-feed.port.js';
import type { ChangeDescription, ChangeFeedPort } from '../../platform/change-feed/change-feed.port.js';
import { ProblemError, invalidField, notFound } from '../../platform/http/problem.js';
import { APPLICATIONS } from '../applications/applications.port.js';
import type { Application } from '../applications/applications.port.js';
import { DIRECTORY, sameUserName } from '../directory/directory.port.js';
import type { DirectoryPort } from '../directory/directory.port.js';
import { STORED_PATS_SLOT } from './stored-pats.port.js';
import type { PatOwner, StoredPat, StoredPatInfo, StoredPatsPort } from './stored-pats.port.js';
import { StoredPatsRepository, placeOf } from './stored-pats.repository.js';

@Injectable()
export class StoredPatsService implements StoredPatsPort {
  constructor(
    @Inject(CHANGE_FEED) private readonly changeFeed: ChangeFeedPort,
    @Inject(DIRECTORY) private readonly directory: DirectoryPort,
    private readonly repository: StoredPatsRepository,
  ) {
    changeFeed.register(STORED_PATS_SLOT, (previous, places) => this.reload(previous, places));
  }

  tokenOf(applicationId: string, username: string): string | undefined {
    const stored = STORED_PATS_SLOT.of(this.changeFeed.current).get(placeOf(applicationId, username));
    return stored && sameUserName(stored.username, username) ? stored.token : undefined;
  }

  async listOf(username: string): Promise<StoredPatInfo[]> {
    const rows = await this.repository.listOf(username);
    const keys = new Map(this.applications().map(({ id, key }) => [id, key]));
    return rows.flatMap(({ applicationId, updatedAt }) => {
      const applicationKey = keys.get(applicationId);
      return applicationKey === undefined ? [] : [{ applicationKey, storedAt: updatedAt }];
    });
  }

  async store(applicationKey: string, personalAccessToken: string, by: PatOwner): Promise<StoredPatInfo> {
    const application = this.application(applicationKey);
    if (application.identity.mode !== 'pat') {
      throw new ProblemError(
        409,
        'identity_mode',
        `Application ${applicationKey} does not use stored personal access tokens.`,
      );
    }
    const owner = await this.directory.whoIs(application, personalAccessToken);
    if (!owner) throw invalidField('personalAccessToken', 'the application does not accept it');
    if (!sameUserName(owner.username, by.username)) {
      throw invalidField('personalAccessToken', `belongs to another user than ${by.username}`);
    }
    const storedAt = await this.changeFeed.change(
      (manager) => this.repository.save(manager, application.id, by.username, personalAccessToken),
      () => ({ ...described(application, by), after: { personalAccessTokenSet: true } }),
    );
    return { applicationKey, storedAt };
  }

  async remove(applicationKey: string, by: PatOwner): Promise<void> {
    const application = this.application(applicationKey);
    await this.changeFeed.change(
      async (manager) => {
        const removed = await this.repository.remove(manager, application.id, by.username);
        if (!removed) throw notFound(`A stored token for application ${applicationKey}`);
      },
      () => ({ ...described(application, by), before: { personalAccessTokenSet: true } }),
    );
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

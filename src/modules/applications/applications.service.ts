import { Inject, Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';
import { CHANGE_FEED } from '../../platform/change-feed/change-feed.port.js';
import type { ChangeDescription, ChangeFeedPort } from '../../platform/change-feed/change-feed.port.js';
import { ProblemError, notFound } from '../../platform/http/problem.js';
import type {
  ApplicationAdministrationPort,
  ChangedBy,
  VersionedView,
} from './application-administration.port.js';
import { refuseConflicts, settingsFrom } from './application-input.policy.js';
import type { ApplicationInput } from './application-input.policy.js';
import { changedSecrets } from './application-settings.policy.js';
import type { ApplicationSettings } from './application-settings.policy.js';
import { snapshotOf } from './applications-snapshot.policy.js';
import { viewOf } from './application-view.policy.js';
import { APPLICATIONS } from './applications.port.js';
import { ApplicationsRepository } from './applications.repository.js';
import type { StoredApplication } from './applications.repository.js';
import { KeyPairService } from './key-pair.service.js';

interface Change {
  readonly before: StoredApplication;
  readonly after: StoredApplication;
}

/** Keeps the applications: validates changes, seals secrets, and fills the snapshot that the hot path reads. */
@Injectable()
export class ApplicationsService implements ApplicationAdministrationPort {
  constructor(
    @Inject(CHANGE_FEED) private readonly changeFeed: ChangeFeedPort,
    private readonly repository: ApplicationsRepository,
    private readonly keyPairs: KeyPairService,
  ) {
    changeFeed.register(APPLICATIONS, async () => snapshotOf(await this.repository.findAll()));
  }

  async list(): Promise<VersionedView[]> {
    return (await this.repository.findAll()).map(shown);
  }

  async get(key: string): Promise<VersionedView> {
    return shown(existing(key, await this.repository.findByKey(key)));
  }

  async create(key: string, input: ApplicationInput, by: ChangedBy): Promise<VersionedView> {
    const settings = await this.withKeys(settingsFrom(key, input));
    const created = await this.changeFeed.change(
      (manager) => this.createWithin(manager, settings),
      (result) => ({ ...described(key, by), after: viewOf(result) }),
    );
    return shown(created);
  }

  async update(
    key: string,
    input: ApplicationInput,
    by: ChangedBy,
    expectedVersion?: number,
  ): Promise<VersionedView> {
    return this.change(key, (previous) => settingsFrom(key, input, previous), by, expectedVersion);
  }

  async remove(key: string, by: ChangedBy, expectedVersion?: number): Promise<void> {
    await this.changeFeed.change(
      async (manager) => {
        const stored = unchanged(
          existing(key, await this.repository.findByKey(key, manager)),
          expectedVersion,
        );
        refuseWhenBorrowed(key, await this.repository.findAll(manager));
        await this.repository.remove(manager, stored.id);
        return stored;
      },
      (stored) => ({ ...described(key, by), before: viewOf(stored) }),
    );
  }

  /** Makes the key pair that signs after `activateNextKey`; until then the present one signs. */
  async prepareNextKey(key: string, consumerKey: string | undefined, by: ChangedBy): Promise<VersionedView> {
    const made = await this.keyPairs.make();
    const nextKeyPair = { ...made, ...(consumerKey !== undefined && { consumerKey }) };
    return this.change(key, (previous) => ({ ...requireOauth1(previous), nextKeyPair }), by);
  }

  /** From now on the prepared key pair signs; the one before is gone. */
  async activateNextKey(key: string, by: ChangedBy): Promise<VersionedView> {
    return this.change(
      key,
      (previous) => {
        const { nextKeyPair, identity, ...rest } = requireOauth1(previous);
        if (!nextKeyPair) throw new ProblemError(409, 'no_next_key', 'No next key was prepared.');
        const { consumerKey = identity.consumerKey, ...keyPair } = nextKeyPair;
        return { ...rest, identity: { ...identity, consumerKey }, keyPair };
      },
      by,
    );
  }

  /** Creates within a transaction of the change feed. */
  async createWithin(manager: EntityManager, settings: ApplicationSettings): Promise<StoredApplication> {
    const others = await this.repository.findAll(manager);
    if (others.some((other) => other.settings.key === settings.key)) {
      const message = `is taken by another application`;
      throw new ProblemError(409, 'conflict', `key: ${message}`, [{ field: 'key', message }]);
    }
    refuseConflicts(
      settings,
      others.map((other) => other.settings),
    );
    return this.repository.insert(manager, uuidv7(), settings);
  }

  private async change(
    key: string,
    work: (previous: ApplicationSettings) => ApplicationSettings,
    by: ChangedBy,
    expectedVersion?: number,
  ): Promise<VersionedView> {
    const { after } = await this.changeFeed.change(
      (manager) => this.updateWithin(manager, key, work, expectedVersion),
      ({ before, after }) => ({
        ...described(key, by),
        before: viewOf(before),
        after: { ...viewOf(after), changedSecrets: changedSecrets(before.settings, after.settings) },
      }),
    );
    return shown(after);
  }

  private async updateWithin(
    manager: EntityManager,
    key: string,
    work: (previous: ApplicationSettings) => ApplicationSettings,
    expectedVersion: number | undefined,
  ): Promise<Change> {
    const all = await this.repository.findAll(manager);
    const before = unchanged(
      existing(
        key,
        all.find((each) => each.settings.key === key),
      ),
      expectedVersion,
    );
    const settings = await this.withKeys(work(before.settings));
    refuseConflicts(
      settings,
      all.map((each) => each.settings),
    );
    return { before, after: await this.repository.update(manager, before, settings) };
  }

  private async withKeys(settings: ApplicationSettings): Promise<ApplicationSettings> {
    if (settings.identity.mode !== 'oauth1' || settings.keyPair) return settings;
    return { ...settings, keyPair: await this.keyPairs.make() };
  }
}

function shown(stored: StoredApplication): VersionedView {
  return { view: viewOf(stored), version: stored.version };
}

function described(key: string, by: ChangedBy): ChangeDescription {
  return {
    topic: APPLICATIONS.topic,
    key,
    by: by.username,
    ...(by.requestId !== undefined && { requestId: by.requestId }),
    ...(by.clientIp !== undefined && { clientIp: by.clientIp }),
    target: `applications/${key}`,
  };
}

function existing(key: string, found: StoredApplication | undefined): StoredApplication {
  if (!found) throw notFound(`Application ${key}`);
  return found;
}

function unchanged(stored: StoredApplication, expectedVersion: number | undefined): StoredApplication {
  if (expectedVersion === undefined || expectedVersion === stored.version) return stored;
  throw new ProblemError(
    412,
    'precondition_failed',
    'The application was changed in the meantime. Read it again.',
  );
}

function requireOauth1(
  settings: ApplicationSettings,
): ApplicationSettings & { identity: Extract<ApplicationSettings['identity'], { mode: 'oauth1' }> } {
  const { identity } = settings;
  if (identity.mode === 'oauth1') return { ...settings, identity };
  throw new ProblemError(409, 'identity_mode', 'Keys can be rotated only in identity mode oauth1.');
}

function refuseWhenBorrowed(key: string, all: readonly StoredApplication[]): void {
  const user = all.find(
    ({ settings: { directory } }) => directory.kind === 'application' && directory.application === key,
  );
  if (!user) return;
  throw new ProblemError(409, 'conflict', `Application ${user.settings.key} uses the directory of ${key}.`);
}

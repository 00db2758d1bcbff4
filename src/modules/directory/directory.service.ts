import { Inject, Injectable } from '@nestjs/common';
import { sha256 } from '../../platform/crypto/sha256.js';
import { CHANGE_FEED } from '../../platform/change-feed/change-feed.port.js';
import type { ChangeFeedPort } from '../../platform/change-feed/change-feed.port.js';
import { APPLICATIONS } from '../applications/applications.port.js';
import type { Application, ApplicationsSnapshot, Product } from '../applications/applications.port.js';
import { bitbucketDirectory } from './clients/bitbucket-directory.service.js';
import { confluenceDirectory } from './clients/confluence-directory.service.js';
import { crowdDirectory } from './clients/crowd-directory.service.js';
import type { DirectoryClient } from './clients/directory-client.port.js';
import { jiraDirectory } from './clients/jira-directory.service.js';
import { DirectoryConnectionService } from './directory-connection.service.js';
import type { DirectoryConnection } from './directory-connection.service.js';
import { sourceOf } from './directory-source.policy.js';
import type { DirectorySource } from './directory-source.policy.js';
import { DirectoryUnavailableError } from './directory.port.js';
import type { DirectoryEntry, DirectoryPort, DirectoryQuery, DirectoryUser } from './directory.port.js';
import { LookupCache } from './lookup-cache.service.js';

const FRESH_MS = 60_000;
const STALE_MS = 600_000;
const NEGATIVE_MS = 10_000;
const MOST_USERS = 20_000;
/** Longer than any user name or address of the products. */
const LONGEST_VALUE = 255;
const HEADER_SAFE = /^[\x21-\x7e]{1,1000}$/;

const CLIENTS: Record<Product, DirectoryClient> = {
  jira: jiraDirectory,
  confluence: confluenceDirectory,
  bitbucket: bitbucketDirectory,
};

@Injectable()
export class DirectoryService implements DirectoryPort {
  private readonly users = new LookupCache<DirectoryUser>({
    freshMs: FRESH_MS,
    staleMs: STALE_MS,
    negativeMs: NEGATIVE_MS,
    largest: MOST_USERS,
    now: Date.now,
  });
  /** A revoked token must not outlive its minute, so nothing stale is ever used here. */
  private readonly tokens = new LookupCache<DirectoryUser>({
    freshMs: FRESH_MS,
    staleMs: 0,
    negativeMs: NEGATIVE_MS,
    largest: MOST_USERS,
    now: Date.now,
  });

  private state = '';

  constructor(
    @Inject(CHANGE_FEED) private readonly changeFeed: ChangeFeedPort,
    private readonly connections: DirectoryConnectionService,
  ) {
    changeFeed.onReload(APPLICATIONS.topic, () => this.forgetChanged());
  }

  /**
   * What is known stays known while nothing that look-ups depend on changes: an application that is renamed while its
   * directory is away must not shut its users out.
   */
  private forgetChanged(): void {
    const state = lookUpState(APPLICATIONS.of(this.changeFeed.current));
    if (state === this.state) return;
    this.state = state;
    this.users.clear();
    this.tokens.clear();
  }

  find(
    application: Application,
    query: DirectoryQuery,
  ): DirectoryUser | undefined | Promise<DirectoryUser | undefined> {
    const { by, value } = query;
    if (value === '' || value.length > LONGEST_VALUE) return undefined;
    // The value as it is: folding its case here would let look-alike letters share an entry.
    return this.users.get(`${application.id} ${by} ${value}`, async () => {
      const { client, connection } = this.open(application);
      return client.find(connection, query);
    });
  }

  async searchUsers(application: Application, text: string, limit: number): Promise<DirectoryEntry[]> {
    const { client, connection } = this.open(application);
    return client.searchUsers(connection, text, limit);
  }

  async searchGroups(application: Application, text: string, limit: number): Promise<DirectoryEntry[]> {
    const { client, connection } = this.open(application);
    return client.searchGroups(connection, text, limit);
  }

  whoIs(
    application: Application,
    personalAccessToken: string,
  ): DirectoryUser | undefined | Promise<DirectoryUser | undefined> {
    if (!HEADER_SAFE.test(personalAccessToken)) return undefined;
    const key = `${application.id} ${sha256(personalAccessToken)}`;
    return this.tokens.get(key, () => this.askForOwner(application, personalAccessToken));
  }

  async check(application: Application): Promise<{ ok: boolean; detail: string }> {
    if (application.directory.kind === 'claims') {
      return { ok: true, detail: 'Users and groups are taken from the token; no directory is asked.' };
    }
    try {
      return { ok: true, detail: await this.prove(application) };
    } catch (error) {
      if (!(error instanceof DirectoryUnavailableError)) throw error;
      return { ok: false, detail: error.message };
    }
  }

  private async askForOwner(application: Application, token: string): Promise<DirectoryUser | undefined> {
    const connection = this.connections.connectWithToken(application, token);
    const client = CLIENTS[application.product];
    const username = await client.whoAmI(connection);
    if (username === undefined) return undefined;
    const known = this.hasAccount(application)
      ? await this.find(application, { by: 'username', value: username })
      : undefined;
    // Whom only the application knows is as the application says.
    return known ?? client.self(connection, username);
  }

  private async prove(application: Application): Promise<string> {
    const { client, connection, source } = this.open(application);
    const own = source.kind === 'crowd' ? undefined : await client.whoAmI(connection);
    if (source.kind === 'application' && !own) {
      throw new DirectoryUnavailableError(
        `${connection.label} treats ${source.account} as anonymous: check the service account.`,
      );
    }
    await client.searchUsers(connection, own ?? 'a', 1);
    if (own === undefined) return `Crowd accepts application ${source.account}.`;
    const found = await client.find(connection, { by: 'username', value: own });
    if (found) {
      const limits = client.limits === undefined ? '' : ` ${client.limits}`;
      return `Service account ${found.username} may look up users and groups.${limits}`;
    }
    throw new DirectoryUnavailableError(
      `${connection.label} accepts ${own} but does not find users for it: give it the global permission to browse users.`,
    );
  }

  private hasAccount(application: Application): boolean {
    if (application.directory.kind === 'claims') return false;
    return typeof sourceOf(application, APPLICATIONS.of(this.changeFeed.current).byKey) !== 'string';
  }

  private open(application: Application): {
    client: DirectoryClient;
    connection: DirectoryConnection;
    source: DirectorySource;
  } {
    const source = sourceOf(application, APPLICATIONS.of(this.changeFeed.current).byKey);
    if (typeof source === 'string') throw new DirectoryUnavailableError(source);
    const client = source.kind === 'crowd' ? crowdDirectory : CLIENTS[source.application.product];
    return { client, connection: this.connections.connect(source), source };
  }
}

/** All that an answer of a directory depends on, hashed: there are passwords in it. */
function lookUpState(applications: ApplicationsSnapshot): string {
  const parts = [...applications.byKey.values()].map(({ id, product, baseUrl, directory, tls }) => [
    id,
    product,
    baseUrl,
    directory,
    tls,
  ]);
  return sha256(JSON.stringify(parts));
}

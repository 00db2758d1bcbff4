import { Inject, Injectable } from '@nestjs/common';
import { CHANGE_FEED } from '../../platform/change-feed/change-feed.port.js';
import type { ChangeFeedPort } from '../../platform/change-feed/change-feed.port.js';
import { CONFIG } from '../../platform/config/config.js';
import type { Config } from '../../platform/config/config.js';
import { ProblemError } from '../../platform/http/problem.js';
import { LOGGER } from '../../platform/logging/logger.js';
import type { Logger } from '../../platform/logging/logger.js';
import { SETTINGS_STORE } from '../../platform/settings/settings.port.js';
import type { SettingsStorePort } from '../../platform/settings/settings.port.js';
import { settingsFrom } from './application-input.policy.js';
import { viewOf } from './application-view.policy.js';
import { APPLICATIONS } from './applications.port.js';
import type { Product } from './applications.port.js';
import { ApplicationsService } from './applications.service.js';

const SETTING = 'applications/bootstrapped';
const BY = 'environment';
const CONFLICT = 409;
const NAMES: Record<Product, string> = { jira: 'Jira', confluence: 'Confluence', bitbucket: 'Bitbucket' };

interface Bootstrapped {
  readonly keys: readonly string[];
}

/** Creates the applications that the environment names (`JIRA_URL`...), each once in the life of a database. */
@Injectable()
export class ApplicationBootstrap {
  constructor(
    @Inject(CONFIG) private readonly config: Config,
    @Inject(CHANGE_FEED) private readonly changeFeed: ChangeFeedPort,
    @Inject(SETTINGS_STORE) private readonly settings: SettingsStorePort,
    @Inject(LOGGER) private readonly log: Logger,
    private readonly applications: ApplicationsService,
  ) {}

  /**
   * To be called once the change feed has started. An application that an admin deleted is not made again, and
   * one that exists is not changed. Throws `ProblemError` for an address that cannot be used.
   */
  async ensureBootstrapApplications(): Promise<void> {
    for (const product of Object.keys(NAMES) as Product[]) {
      const url = this.config.bootstrapApplications[product];
      if (url !== undefined && !(await this.isDone(product))) await this.bootstrapUnlessTaken(product, url);
    }
  }

  private async isDone(key: string): Promise<boolean> {
    return (await this.settings.read<Bootstrapped>(SETTING, { keys: [] })).value.keys.includes(key);
  }

  /** An admin may have given the place to another application: that is a warning, not a failed start. */
  private async bootstrapUnlessTaken(product: Product, url: string): Promise<void> {
    try {
      await this.bootstrap(product, url);
    } catch (error) {
      if (!(error instanceof ProblemError) || error.status !== CONFLICT) throw error;
      this.log.warn(
        { application: product, why: error.detail },
        'application of the environment was not created',
      );
    }
  }

  private async bootstrap(key: Product, baseUrl: string): Promise<void> {
    const settings = settingsFrom(key, { name: NAMES[key], product: key, baseUrl });
    const created = await this.changeFeed.change(
      async (manager) => {
        // Read again under the lock: another node may have done it meanwhile.
        const stored = await this.settings.read<Bootstrapped>(SETTING, { keys: [] }, manager);
        if (stored.value.keys.includes(key)) return undefined;
        await this.settings.write(manager, SETTING, { keys: [...stored.value.keys, key] }, BY, undefined);
        if (APPLICATIONS.of(this.changeFeed.current).byKey.has(key)) return undefined;
        return this.applications.createWithin(manager, settings);
      },
      (result) => ({
        topic: APPLICATIONS.topic,
        key,
        by: BY,
        target: `applications/${key}`,
        ...(result && { after: viewOf(result) }),
      }),
    );
    if (created)
      this.log.info(
        { application: key, baseUrl: settings.baseUrl },
        'application created from the environment',
      );
  }
}

import { Inject, Injectable } from '@nestjs/common';
import { CHANGE_FEED } from '../../platform/change-feed/change-feed.port.js';
import type { ChangeDescription, ChangeFeedPort } from '../../platform/change-feed/change-feed.port.js';
import { LOGGER } from '../../platform/logging/logger.js';
import type { Logger } from '../../platform/logging/logger.js';
import type { Application } from '../applications/applications.port.js';
import { sameUserName } from '../directory/directory.port.js';
import { ProductTokens, holderOf } from './product-tokens.service.js';
import { STORED_PATS_SLOT, placeOf } from './stored-pats.port.js';
import { StoredPatsRepository } from './stored-pats.repository.js';
import type { StoredPatChange, StoredPatRow } from './stored-pats.repository.js';

/** Keeps apart which stored tokens the applications still accept. */
@Injectable()
export class StoredPatMarks {
  private readonly asking = new Set<string>();

  constructor(
    @Inject(CHANGE_FEED) private readonly changeFeed: ChangeFeedPort,
    @Inject(LOGGER) private readonly log: Logger,
    private readonly repository: StoredPatsRepository,
    private readonly tokens: ProductTokens,
  ) {}

  /**
   * A request with the stored token was answered as nobody. The application is asked once more, in the background,
   * before the token is marked: it may have been in the middle of a restart. Never throws.
   */
  noteRefused(application: Application, username: string): void {
    const place = placeOf(application.id, username);
    if (this.asking.has(place)) return;
    this.asking.add(place);
    this.confirm(application, username)
      .catch((error: unknown) => this.log.warn({ err: error }, 'a stored token could not be asked about yet'))
      .finally(() => this.asking.delete(place));
  }

  /** Asks the application whose the token is, and marks it as refused or accepted where that has changed. */
  async ask(application: Application, row: StoredPatRow): Promise<boolean> {
    const owner = await this.tokens.ownerOf(holderOf(application, row.username, row.token));
    const accepted = owner !== undefined && sameUserName(owner, row.username);
    if (accepted === (row.refusedAt === null)) return accepted;
    const refusedAt = accepted ? null : new Date();
    await this.change(application, row, { refusedAt, checkedAt: new Date() }, { accepted });
    return accepted;
  }

  /** Saves what was found out, and brings it into force on every node. */
  async change(
    application: Application,
    row: StoredPatRow,
    change: StoredPatChange,
    after: object,
  ): Promise<void> {
    await this.changeFeed.change(
      (manager) => this.repository.update(row, change, manager),
      () => ({ ...describedBySystem(application, row.username), after }),
    );
  }

  private async confirm(application: Application, username: string): Promise<void> {
    const row = await this.repository.find(application.id, username);
    if (row && row.refusedAt === null) await this.ask(application, row);
  }
}

/** A change that Restgate makes by itself. */
export function describedBySystem(application: Application, username: string): ChangeDescription {
  return {
    topic: STORED_PATS_SLOT.topic,
    key: placeOf(application.id, username),
    by: 'restgate',
    target: `users/${username}/credentials/${application.key}`,
  };
}

import { Inject, Injectable } from '@nestjs/common';
import type { OnModuleDestroy } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import { CHANGE_FEED } from '../../platform/change-feed/change-feed.port.js';
import type { ChangeFeedPort } from '../../platform/change-feed/change-feed.port.js';
import { LOGGER } from '../../platform/logging/logger.js';
import type { Logger } from '../../platform/logging/logger.js';
import { APPLICATIONS } from '../applications/applications.port.js';
import type { Application } from '../applications/applications.port.js';
import { DIRECTORY, DirectoryUnavailableError, sameUserName } from '../directory/directory.port.js';
import type { DirectoryPort } from '../directory/directory.port.js';
import { MintedPatMaker } from './minted-pat-maker.service.js';
import type { MintedPat } from './minted-pat-maker.service.js';
import { placeOf } from './stored-pats.port.js';

/** Everybody else goes on by OAuth 1.0a. */
const MOST_HELD = 5_000;
const MOST_AT_A_TIME = 8;
/** Who could not be given a token, or whose token was refused, is not given another one for so long. */
const PAUSE_MS = 600_000;
const SWEEP_MS = 60_000;
const UNUSED_MS = 1_800_000;
/** A new token is made when so much of the life of the one before is over. */
const RENEW_AT = 0.8;
const LAST_MOMENT_MS = 60_000;
const SHUTDOWN_MS = 5_000;

interface Held extends MintedPat {
  usedAt: number;
}

/**
 * Tokens that Restgate made as users, where an admin has switched that on for an application with OAuth 1.0a: a
 * read costs no signature then. In memory only, never stored; taken back when they are not needed any more.
 */
@Injectable()
export class MintedPats implements OnModuleDestroy {
  private readonly held = new Map<string, Held>();
  private readonly making = new Map<string, Promise<void>>();
  private readonly ending = new Set<Promise<void>>();
  private readonly paused = new LRUCache<string, true>({ max: MOST_HELD, ttl: PAUSE_MS });
  private readonly timer: NodeJS.Timeout;
  private closed = false;

  constructor(
    @Inject(CHANGE_FEED) private readonly changeFeed: ChangeFeedPort,
    @Inject(DIRECTORY) private readonly directory: DirectoryPort,
    @Inject(LOGGER) private readonly log: Logger,
    private readonly maker: MintedPatMaker,
  ) {
    changeFeed.onReload(APPLICATIONS.topic, () => this.endOutdated());
    this.timer = setInterval(() => void this.sweep(Date.now()), SWEEP_MS).unref();
  }

  /** The user's token; memory only. Undefined: not now; one is made in the background where that is possible. */
  tokenOf(application: Application, username: string): string | undefined {
    const place = placeOf(application.id, username);
    const held = this.held.get(place);
    if (!held) return this.begin(place, application, username);
    // Two names can be one in lower case (KELVIN SIGN and k).
    if (!sameUserName(held.username, username)) return undefined;
    const now = Date.now();
    if (now >= held.expiresAt - LAST_MOMENT_MS) {
      this.end(place, held, 'it is about to end');
      return this.begin(place, application, username);
    }
    held.usedAt = now;
    if (now >= held.madeAt + (held.expiresAt - held.madeAt) * RENEW_AT)
      this.begin(place, application, username);
    return held.token;
  }

  /** The application did not accept the token: OAuth 1.0a goes on alone for a while. */
  forget(application: Application, username: string, token: string): undefined {
    const place = placeOf(application.id, username);
    const held = this.held.get(place);
    if (held?.token !== token) return undefined;
    this.paused.set(place, true);
    this.end(place, held, 'the application no longer accepted it');
    return undefined;
  }

  /** Takes back what nobody uses, and the tokens of users who are not active any more. */
  async sweep(now: number): Promise<void> {
    for (const [place, held] of this.held) {
      if (now - held.usedAt > UNUSED_MS) this.end(place, held, 'it was not used any more');
      else if (!(await this.isActive(held)) && this.held.get(place) === held)
        this.end(place, held, 'the user is not active any more');
    }
  }

  /** Before the audit log is flushed and connections are closed. */
  async onModuleDestroy(): Promise<void> {
    this.closed = true;
    clearInterval(this.timer);
    for (const [place, held] of this.held) this.end(place, held, 'Restgate is stopping');
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => (timer = setTimeout(resolve, SHUTDOWN_MS)));
    await Promise.race([this.settled(), late]);
    clearTimeout(timer);
    if (this.ending.size > 0)
      this.log.warn({ count: this.ending.size }, 'minted tokens were not revoked in time');
  }

  private async settled(): Promise<void> {
    await Promise.all(this.making.values());
    await Promise.all(this.ending);
  }

  private begin(place: string, application: Application, username: string): undefined {
    const full = this.making.size >= MOST_AT_A_TIME || (this.held.size >= MOST_HELD && !this.held.has(place));
    if (this.closed || full || this.making.has(place) || this.paused.has(place)) return undefined;
    const made = this.make(place, application, username).finally(() => this.making.delete(place));
    this.making.set(place, made);
    return undefined;
  }

  /** Never throws. */
  private async make(place: string, application: Application, username: string): Promise<void> {
    const before = this.held.get(place);
    try {
      const minted = await this.maker.make(application, username, before?.id);
      const held: Held = { ...minted, usedAt: Date.now() };
      if (before && this.held.get(place) === before) this.end(place, before, 'a new one took its place');
      if (this.closed || !this.isCurrent(held)) {
        this.end(place, held, this.closed ? 'Restgate is stopping' : 'the application was changed');
        return;
      }
      this.held.set(place, held);
    } catch (error) {
      this.paused.set(place, true);
      this.log.warn({ err: error, application: application.key }, 'no token could be made for the fast path');
    }
  }

  private end(place: string, held: Held, why: string): void {
    if (this.held.get(place) === held) this.held.delete(place);
    const ended = this.maker
      .takeBack(held, why)
      .catch((error: unknown) => this.log.error({ err: error }, 'taking a minted token back failed'))
      .finally(() => this.ending.delete(ended));
    this.ending.add(ended);
  }

  private endOutdated(): void {
    this.paused.clear();
    for (const [place, held] of this.held) {
      if (!this.isCurrent(held)) this.end(place, held, 'the application was changed');
    }
  }

  /** False when the application is gone, or is reached or signed for in another way than when the token was made. */
  private isCurrent({ application }: MintedPat): boolean {
    const now = APPLICATIONS.of(this.changeFeed.current).byKey.get(application.key);
    return now !== undefined && wayTo(now) === wayTo(application);
  }

  private async isActive({ application, username }: MintedPat): Promise<boolean> {
    if (application.directory.kind === 'claims') return true;
    try {
      const user = await this.directory.find(application, { by: 'username', value: username });
      return user?.active === true;
    } catch (error) {
      if (!(error instanceof DirectoryUnavailableError)) throw error;
      return true;
    }
  }
}

/** A key that is only prepared changes nothing yet. */
function wayTo({ id, enabled, baseUrl, identity, tls }: Application): string {
  return JSON.stringify([id, enabled, baseUrl, { ...identity, next: undefined }, tls ?? null]);
}

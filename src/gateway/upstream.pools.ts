import { Inject, Injectable } from '@nestjs/common';
import type { OnApplicationShutdown } from '@nestjs/common';
import { Pool } from 'undici';
import { APPLICATIONS } from '../modules/applications/applications.port.js';
import type { Application } from '../modules/applications/applications.port.js';
import { CHANGE_FEED } from '../platform/change-feed/change-feed.port.js';
import type { ChangeFeedPort } from '../platform/change-feed/change-feed.port.js';
import { LOGGER } from '../platform/logging/logger.js';
import type { Logger } from '../platform/logging/logger.js';

const MOST_CONNECTIONS = 256;
const KEEP_ALIVE_MS = 10_000;
const LARGEST_ANSWER_HEAD_BYTES = 64 * 1024;

/** A pool, and how many requests are in it: sent, or waiting for a connection. */
export interface Lane {
  readonly pool: Pool;
  inFlight: number;
}

/**
 * One connection pool per way of reaching an application (origin, timeouts, TLS). Certificates are always
 * verified. A pool that no application uses any more ends when its last exchange has ended.
 */
@Injectable()
export class UpstreamPools implements OnApplicationShutdown {
  private readonly byApplication = new WeakMap<Application, Lane>();
  private readonly byKey = new Map<string, Lane>();

  constructor(
    @Inject(CHANGE_FEED) private readonly changeFeed: ChangeFeedPort,
    @Inject(LOGGER) private readonly log: Logger,
  ) {
    changeFeed.onReload(APPLICATIONS.topic, () => this.closeUnused());
  }

  for(application: Application): Lane {
    let lane = this.byApplication.get(application);
    // Closed: the application was changed after this request was decided. The next change closes the new one, too.
    if (!lane || lane.pool.closed) {
      lane = this.forKey(keyOf(application), application);
      this.byApplication.set(application, lane);
    }
    return lane;
  }

  async onApplicationShutdown(): Promise<void> {
    await Promise.all([...this.byKey.values()].map(({ pool }) => pool.destroy()));
    this.byKey.clear();
  }

  private forKey(key: string, application: Application): Lane {
    const known = this.byKey.get(key);
    if (known) return known;
    const { timeouts, tls } = application;
    const pool = new Pool(application.origin, {
      connections: MOST_CONNECTIONS,
      pipelining: 1,
      keepAliveTimeout: KEEP_ALIVE_MS,
      headersTimeout: timeouts.headersMs,
      bodyTimeout: timeouts.idleMs,
      maxHeaderSize: LARGEST_ANSWER_HEAD_BYTES,
      connect: {
        timeout: timeouts.connectMs,
        rejectUnauthorized: true,
        ca: tls?.ca,
        cert: tls?.certificate,
        key: tls?.privateKey,
      },
    });
    const lane = { pool, inFlight: 0 };
    this.byKey.set(key, lane);
    return lane;
  }

  private closeUnused(): void {
    const used = new Set([...APPLICATIONS.of(this.changeFeed.current).byKey.values()].map(keyOf));
    for (const [key, { pool }] of this.byKey) {
      if (used.has(key)) continue;
      this.byKey.delete(key);
      pool
        .close()
        .catch((error: unknown) => this.log.warn({ err: error }, 'closing an unused connection pool failed'));
    }
  }
}

function keyOf({ origin, timeouts, tls }: Application): string {
  return JSON.stringify([origin, timeouts.connectMs, timeouts.headersMs, timeouts.idleMs, tls ?? null]);
}

import { Inject, Injectable } from '@nestjs/common';
import { CHANGE_FEED } from '../../platform/change-feed/change-feed.port.js';
import type { ChangeDescription, ChangeFeedPort } from '../../platform/change-feed/change-feed.port.js';
import { DEFAULT_PAGE_SIZE } from '../../platform/http/page.js';
import { notFound } from '../../platform/http/problem.js';
import type { Actor } from '../access/access.port.js';
import { PROVIDERS } from '../providers/provider-settings.port.js';
import type { BrowserSessionPage, BrowserSessionView, SessionsQuery } from './dto/sessions.dto.js';
import { ListedSessionsRepository } from './listed-sessions.repository.js';
import type { ListedSession } from './listed-sessions.repository.js';
import { cursorOf, positionOf } from './session-cursor.policy.js';

/** No setting depends on sessions: they are looked up at every request, so nothing is reloaded. */
const TOPIC = 'sessions';

/** Who is signed in with which browsers, and the end of it. Takes effect at once, on every node. */
@Injectable()
export class SessionAdministration {
  constructor(
    @Inject(CHANGE_FEED) private readonly changeFeed: ChangeFeedPort,
    private readonly sessions: ListedSessionsRepository,
  ) {}

  /** Throws 400 for a cursor of something else. */
  async list(query: SessionsQuery, now = Date.now()): Promise<BrowserSessionPage> {
    const limit = query.limit ?? DEFAULT_PAGE_SIZE;
    const filter = { usernameKey: query.username?.toLowerCase(), after: positionOf(query.cursor) };
    const rows = await this.sessions.list({ ...filter, limit: limit + 1 }, now);
    const items = rows.slice(0, limit).map((row) => this.viewOf(row));
    const last = items.at(-1);
    return { items, nextCursor: rows.length > limit && last ? cursorOf(last) : null };
  }

  /** Ends one session, audited. Throws 404 when there is none. */
  async end(id: string, actor: Actor): Promise<void> {
    await this.changeFeed.change(
      async (manager) => {
        const usernameKey = await this.sessions.remove(manager, id, Date.now());
        if (usernameKey === undefined) throw notFound('The session');
        return usernameKey;
      },
      (username) => ({ ...by(actor), target: `sessions/${id}`, before: { username } }),
    );
  }

  /** Ends every session of a user, audited; answers how many. */
  endAllOf(username: string, actor: Actor): Promise<number> {
    const usernameKey = username.toLowerCase();
    return this.changeFeed.change(
      (manager) => this.sessions.removeAllOf(manager, usernameKey, Date.now()),
      (ended) => ({ ...by(actor), target: `sessions?username=${usernameKey}`, after: { ended } }),
    );
  }

  private viewOf(row: ListedSession): BrowserSessionView {
    const { id, usernameKey, providerId, createdAt, lastSeenAt, expiresAt } = row;
    return {
      id,
      username: usernameKey,
      providerId,
      provider: PROVIDERS.of(this.changeFeed.current).byId.get(providerId)?.name ?? null,
      createdAt: createdAt.toISOString(),
      lastSeenAt: lastSeenAt.toISOString(),
      expiresAt: expiresAt.toISOString(),
    };
  }
}

function by(actor: Actor): Pick<ChangeDescription, 'topic' | 'by' | 'requestId' | 'clientIp'> {
  return { topic: TOPIC, by: actor.username, requestId: actor.requestId, clientIp: actor.clientIp };
}

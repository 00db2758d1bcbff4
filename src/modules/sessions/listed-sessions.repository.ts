import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import type { EntityManager } from 'typeorm';
import type { SessionPosition } from './session-cursor.policy.js';
import { IDLE_MS } from './session-times.policy.js';

/** A session as an admin sees it. */
export interface ListedSession {
  readonly id: string;
  readonly usernameKey: string;
  readonly providerId: string;
  readonly createdAt: Date;
  readonly lastSeenAt: Date;
  readonly expiresAt: Date;
}

export interface SessionFilter {
  readonly usernameKey: string | undefined;
  readonly after: SessionPosition | undefined;
  readonly limit: number;
}

/** Names a session without a hint at its token: a digest of the digest that is stored. */
const ID = "left(encode(sha256(convert_to(token_hash, 'UTF8')), 'hex'), 32)";
const COLUMNS = `${ID} AS id, username_key AS "usernameKey", provider_id AS "providerId",
  created_at AS "createdAt", last_seen_at AS "lastSeenAt", expires_at AS "expiresAt"`;

/** Reads and ends sessions of any user. Sessions that have ended by themselves are never answered or counted. */
@Injectable()
export class ListedSessionsRepository {
  constructor(private readonly dataSource: DataSource) {}

  list({ usernameKey, after, limit }: SessionFilter, now: number): Promise<ListedSession[]> {
    return this.dataSource.query<ListedSession[]>(
      `SELECT ${COLUMNS} FROM browser_sessions
       WHERE expires_at > $1 AND last_seen_at > $2 AND ($3::text IS NULL OR username_key = $3)
         AND ($4::timestamptz IS NULL OR (created_at, ${ID}) < ($4, $5))
       ORDER BY created_at DESC, id DESC LIMIT $6`,
      [
        new Date(now),
        new Date(now - IDLE_MS),
        usernameKey ?? null,
        // The calendar of PostgreSQL knows no 30 February, which a cursor may name.
        after ? new Date(after.createdAt) : null,
        after?.id ?? '',
        limit,
      ],
    );
  }

  /** Ends one session; answers whose it was, undefined when there is none. */
  async remove(manager: EntityManager, id: string, now: number): Promise<string | undefined> {
    const [rows] = await manager.query<[{ usernameKey: string; live: boolean }[], number]>(
      `DELETE FROM browser_sessions WHERE ${ID} = $1
       RETURNING username_key AS "usernameKey", expires_at > $2 AND last_seen_at > $3 AS live`,
      [id, new Date(now), new Date(now - IDLE_MS)],
    );
    return rows.find(({ live }) => live)?.usernameKey;
  }

  /** Signs a user out everywhere; answers how many sessions that were. */
  async removeAllOf(manager: EntityManager, usernameKey: string, now: number): Promise<number> {
    const [rows] = await manager.query<[{ live: boolean }[], number]>(
      `DELETE FROM browser_sessions WHERE username_key = $1
       RETURNING expires_at > $2 AND last_seen_at > $3 AS live`,
      [usernameKey, new Date(now), new Date(now - IDLE_MS)],
    );
    return rows.filter(({ live }) => live).length;
  }
}

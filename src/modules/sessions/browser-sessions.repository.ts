import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { IDLE_MS, SEEN_EVERY_MS } from './session-times.policy.js';

export interface BrowserSession {
  readonly tokenHash: string;
  readonly providerId: string;
  readonly usernameKey: string;
  readonly subjectBy: 'username' | 'email';
  readonly subjectValue: string;
  readonly claimedGroups: readonly string[];
  readonly createdAt: Date;
  readonly lastSeenAt: Date;
  readonly expiresAt: Date;
}

/** More browsers of one user: the one that was longest away is signed out. */
const MOST_OF_ONE_USER = 20;

const COLUMNS = `token_hash AS "tokenHash", provider_id AS "providerId", username_key AS "usernameKey",
  subject_by AS "subjectBy", subject_value AS "subjectValue", claimed_groups AS "claimedGroups",
  created_at AS "createdAt", last_seen_at AS "lastSeenAt", expires_at AS "expiresAt"`;

/** Keeps browser sessions. Ended ones are never answered, and cleared away at the next sign-in. */
@Injectable()
export class BrowserSessionsRepository {
  constructor(private readonly dataSource: DataSource) {}

  /** Adds a session and ends the one that the browser had before, together. */
  async add(session: BrowserSession, replacedHash: string | undefined): Promise<void> {
    const { createdAt: now } = session;
    await this.dataSource.transaction(async (manager) => {
      await manager.query(
        'DELETE FROM browser_sessions WHERE expires_at <= $1 OR last_seen_at <= $2 OR token_hash = $3',
        [now, new Date(now.getTime() - IDLE_MS), replacedHash ?? ''],
      );
      await manager.query(
        `INSERT INTO browser_sessions (token_hash, provider_id, username_key, subject_by, subject_value,
           claimed_groups, created_at, last_seen_at, expires_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $7, $8)`,
        [
          session.tokenHash,
          session.providerId,
          session.usernameKey,
          session.subjectBy,
          session.subjectValue,
          JSON.stringify(session.claimedGroups),
          now,
          session.expiresAt,
        ],
      );
      await manager.query(
        `DELETE FROM browser_sessions WHERE token_hash IN (
           SELECT token_hash FROM browser_sessions WHERE username_key = $1
           ORDER BY last_seen_at DESC, token_hash OFFSET $2)`,
        [session.usernameKey, MOST_OF_ONE_USER],
      );
    });
  }

  /** A session that has not ended; the look counts as activity. */
  async find(tokenHash: string, now: number): Promise<BrowserSession | undefined> {
    const rows = await this.dataSource.query<BrowserSession[]>(
      `SELECT ${COLUMNS} FROM browser_sessions
       WHERE token_hash = $1 AND expires_at > $2 AND last_seen_at > $3`,
      [tokenHash, new Date(now), new Date(now - IDLE_MS)],
    );
    const session = rows[0];
    if (session && session.lastSeenAt.getTime() <= now - SEEN_EVERY_MS) {
      await this.dataSource.query('UPDATE browser_sessions SET last_seen_at = $2 WHERE token_hash = $1', [
        tokenHash,
        new Date(now),
      ]);
    }
    return session;
  }

  async remove(tokenHash: string): Promise<void> {
    await this.dataSource.query('DELETE FROM browser_sessions WHERE token_hash = $1', [tokenHash]);
  }

  /** Signs a user out everywhere. */
  async removeAllOf(usernameKey: string): Promise<void> {
    await this.dataSource.query('DELETE FROM browser_sessions WHERE username_key = $1', [usernameKey]);
  }
}

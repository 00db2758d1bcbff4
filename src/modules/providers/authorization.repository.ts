import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';

export interface StoredAuthorization {
  readonly stateHash: string;
  readonly providerId: string;
  readonly admin: string;
  /** Sealed. */
  readonly secret: string;
  readonly expiresAt: Date;
}

export type CollectedAuthorization =
  { readonly status: 'pending' } | { readonly status: 'complete' | 'failed'; readonly result: string };

interface Row {
  state_hash: string;
  provider_id: string;
  admin: string;
  secret: string;
  result: string | null;
  status: string;
  expires_at: Date;
}

const MOST_RUNNING = 1000;

/** Running "Fetch token" authorizations. In the database, so that any node may get the callback. */
@Injectable()
export class AuthorizationRepository {
  constructor(private readonly dataSource: DataSource) {}

  /** False when too many are running already. Expired ones are cleared away. */
  async add(authorization: StoredAuthorization): Promise<boolean> {
    await this.dataSource.query('DELETE FROM provider_authorizations WHERE expires_at < now()');
    const { stateHash, providerId, admin, secret, expiresAt } = authorization;
    const rows = await this.dataSource.query<unknown[]>(
      `INSERT INTO provider_authorizations (state_hash, provider_id, admin, status, secret, expires_at)
       SELECT $1, $2, $3, 'pending', $4, $5 WHERE (SELECT count(*) FROM provider_authorizations) < $6
       RETURNING state_hash`,
      [stateHash, providerId, admin, secret, expiresAt, MOST_RUNNING],
    );
    return rows.length > 0;
  }

  /** Takes a pending authorization for its one callback; undefined when it is unknown, used or expired. */
  async take(stateHash: string): Promise<StoredAuthorization | undefined> {
    const rows = await this.returned(
      `UPDATE provider_authorizations SET status = 'exchanging'
       WHERE state_hash = $1 AND status = 'pending' AND expires_at > now() RETURNING *`,
      [stateHash],
    );
    const row = rows[0];
    return (
      row && {
        stateHash: row.state_hash,
        providerId: row.provider_id,
        admin: row.admin,
        secret: row.secret,
        expiresAt: row.expires_at,
      }
    );
  }

  /** Keeps the sealed result until it is collected or expires. */
  async finish(stateHash: string, status: 'complete' | 'failed', result: string): Promise<void> {
    await this.dataSource.query(
      `UPDATE provider_authorizations SET status = $2, result = $3, secret = '' WHERE state_hash = $1`,
      [stateHash, status, result],
    );
  }

  /** What became of an authorization of this admin at this provider; a result is given out once. */
  async collect(
    stateHash: string,
    providerId: string,
    admin: string,
  ): Promise<CollectedAuthorization | undefined> {
    const done = await this.returned(
      `DELETE FROM provider_authorizations
       WHERE state_hash = $1 AND provider_id = $2 AND admin = $3 AND status IN ('complete', 'failed')
         AND expires_at > now() RETURNING *`,
      [stateHash, providerId, admin],
    );
    const row = done[0];
    if (row) return { status: row.status === 'complete' ? 'complete' : 'failed', result: row.result ?? '' };
    const pending = await this.dataSource.query<unknown[]>(
      `SELECT 1 FROM provider_authorizations
       WHERE state_hash = $1 AND provider_id = $2 AND admin = $3 AND expires_at > now()`,
      [stateHash, providerId, admin],
    );
    return pending.length > 0 ? { status: 'pending' } : undefined;
  }

  /** TypeORM answers rows and their number for UPDATE and DELETE. */
  private async returned(sql: string, parameters: unknown[]): Promise<Row[]> {
    const [rows] = await this.dataSource.query<[Row[], number]>(sql, parameters);
    return rows;
  }
}

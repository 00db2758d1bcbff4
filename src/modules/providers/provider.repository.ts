import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import type { EntityManager } from 'typeorm';
import { ProviderEntity } from './provider.entity.js';

export interface StoredKeys {
  readonly jwksUri: string;
  readonly keys: unknown;
  readonly fetchedAt: Date;
}

/** Everything that the providers feature keeps in the database, apart from authorizations. */
@Injectable()
export class ProviderRepository {
  constructor(private readonly dataSource: DataSource) {}

  all(): Promise<ProviderEntity[]> {
    return this.dataSource.manager.find(ProviderEntity, { order: { order: 'ASC', id: 'ASC' } });
  }

  find(id: string, manager: EntityManager = this.dataSource.manager): Promise<ProviderEntity | null> {
    return manager.findOneBy(ProviderEntity, { id });
  }

  async nameIsTaken(name: string, exceptId: string, manager: EntityManager): Promise<boolean> {
    const rows = await manager.query<unknown[]>(
      'SELECT 1 FROM providers WHERE lower(name) = lower($1) AND id <> $2 LIMIT 1',
      [name, exceptId],
    );
    return rows.length > 0;
  }

  count(manager: EntityManager): Promise<number> {
    return manager.count(ProviderEntity);
  }

  save(entity: ProviderEntity, manager: EntityManager): Promise<ProviderEntity> {
    return manager.save(ProviderEntity, entity);
  }

  async remove(id: string, manager: EntityManager): Promise<void> {
    await manager.query('DELETE FROM provider_keys WHERE provider_id = $1', [id]);
    await manager.query('DELETE FROM provider_authorizations WHERE provider_id = $1', [id]);
    await manager.delete(ProviderEntity, { id });
  }

  async keysOf(providerId: string): Promise<StoredKeys | undefined> {
    const rows = await this.dataSource.query<{ jwks_uri: string; keys: unknown; fetched_at: Date }[]>(
      'SELECT jwks_uri, keys, fetched_at FROM provider_keys WHERE provider_id = $1',
      [providerId],
    );
    const row = rows[0];
    return row && { jwksUri: row.jwks_uri, keys: row.keys, fetchedAt: row.fetched_at };
  }

  async saveKeys(providerId: string, stored: StoredKeys): Promise<void> {
    await this.dataSource.query(
      `INSERT INTO provider_keys (provider_id, jwks_uri, keys, fetched_at)
       SELECT id, $2, $3, $4 FROM providers WHERE id = $1
       ON CONFLICT (provider_id) DO UPDATE SET jwks_uri = $2, keys = $3, fetched_at = $4`,
      [providerId, stored.jwksUri, JSON.stringify(stored.keys), stored.fetchedAt],
    );
  }
}

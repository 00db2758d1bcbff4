import { Inject, Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import type { EntityManager } from 'typeorm';
import { SECRET_BOX } from '../../platform/crypto/secret-box.js';
import type { SecretBox } from '../../platform/crypto/secret-box.js';
import { StoredPatEntity } from './stored-pat.entity.js';
import type { StoredPat } from './stored-pats.port.js';

/** The place of a stored token: in the snapshot and in the change log. */
export function placeOf(applicationId: string, username: string): string {
  return `${applicationId}/${username.toLowerCase()}`;
}

@Injectable()
export class StoredPatsRepository {
  constructor(
    private readonly dataSource: DataSource,
    @Inject(SECRET_BOX) private readonly box: SecretBox,
  ) {}

  async loadAll(): Promise<Map<string, StoredPat>> {
    const rows = await this.dataSource.manager.find(StoredPatEntity);
    return new Map(rows.map((row) => [placeOf(row.applicationId, row.usernameKey), this.opened(row)]));
  }

  async load(place: string): Promise<StoredPat | undefined> {
    const slash = place.indexOf('/');
    const applicationId = place.slice(0, slash);
    const row = await this.dataSource.manager.findOneBy(StoredPatEntity, {
      applicationId,
      usernameKey: place.slice(slash + 1),
    });
    return row ? this.opened(row) : undefined;
  }

  async listOf(username: string): Promise<{ applicationId: string; updatedAt: Date }[]> {
    return this.dataSource.manager.findBy(StoredPatEntity, { usernameKey: username.toLowerCase() });
  }

  async save(manager: EntityManager, applicationId: string, username: string, token: string): Promise<Date> {
    const usernameKey = username.toLowerCase();
    const sealed = this.box.seal(token, purposeOf(applicationId, usernameKey));
    const updatedAt = new Date();
    await manager.upsert(
      StoredPatEntity,
      { applicationId, usernameKey, username, token: sealed, updatedAt },
      ['applicationId', 'usernameKey'],
    );
    return updatedAt;
  }

  /** False when there was none. */
  async remove(manager: EntityManager, applicationId: string, username: string): Promise<boolean> {
    const { affected } = await manager.delete(StoredPatEntity, {
      applicationId,
      usernameKey: username.toLowerCase(),
    });
    return affected === 1;
  }

  private opened(row: StoredPatEntity): StoredPat {
    return {
      username: row.username,
      token: this.box.open(row.token, purposeOf(row.applicationId, row.usernameKey)),
    };
  }
}

function purposeOf(applicationId: string, usernameKey: string): string {
  return `stored-pat:${applicationId}:${usernameKey}`;
}

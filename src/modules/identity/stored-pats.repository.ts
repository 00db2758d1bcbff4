import { Inject, Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import type { EntityManager } from 'typeorm';
import { SECRET_BOX } from '../../platform/crypto/secret-box.js';
import type { SecretBox } from '../../platform/crypto/secret-box.js';
import { StoredPatEntity } from './stored-pat.entity.js';
import { placeOf } from './stored-pats.port.js';
import type { StoredPat } from './stored-pats.port.js';

/** A stored token with everything that is known of it. */
export interface StoredPatRow {
  readonly applicationId: string;
  readonly username: string;
  readonly token: string;
  readonly storedAt: Date;
  readonly productTokenId: string | null;
  readonly issuedAt: Date | null;
  readonly expiresAt: Date | null;
  readonly refusedAt: Date | null;
  readonly renewedAt: Date | null;
  readonly warnedDays: number | null;
}

export type StoredPatChange = Partial<
  Pick<StoredPatRow, 'productTokenId' | 'issuedAt' | 'expiresAt' | 'refusedAt' | 'warnedDays'>
> & { readonly checkedAt?: Date };

/** What is written of a token that takes the place of the one before. */
export interface NewStoredPatRow {
  readonly applicationId: string;
  readonly username: string;
  readonly token: string;
  readonly productTokenId?: string | undefined;
  readonly issuedAt?: Date | undefined;
  readonly expiresAt?: Date | undefined;
  readonly renewedAt?: Date;
}

@Injectable()
export class StoredPatsRepository {
  constructor(
    private readonly dataSource: DataSource,
    @Inject(SECRET_BOX) private readonly box: SecretBox,
  ) {}

  async loadAll(): Promise<Map<string, StoredPat>> {
    const rows = await this.dataSource.manager.find(StoredPatEntity);
    return new Map(rows.map((row) => [placeOf(row.applicationId, row.usernameKey), patOf(this.opened(row))]));
  }

  async load(place: string): Promise<StoredPat | undefined> {
    const slash = place.indexOf('/');
    const row = await this.find(place.slice(0, slash), place.slice(slash + 1));
    return row && patOf(row);
  }

  async find(applicationId: string, username: string): Promise<StoredPatRow | undefined> {
    const row = await this.dataSource.manager.findOneBy(StoredPatEntity, {
      applicationId,
      usernameKey: username.toLowerCase(),
    });
    return row ? this.opened(row) : undefined;
  }

  /** Those that the application was not asked about since `before`, or that it refused; the longest waiting first. */
  async due(before: Date, most: number): Promise<StoredPatRow[]> {
    const rows = await this.dataSource.manager
      .createQueryBuilder(StoredPatEntity, 'pat')
      .where('pat.checkedAt IS NULL OR pat.checkedAt < :before OR pat.refusedAt IS NOT NULL', { before })
      .orderBy('pat.checkedAt', 'ASC', 'NULLS FIRST')
      .limit(most)
      .getMany();
    return rows.map((row) => this.opened(row));
  }

  /** Takes the place of the one before, of which nothing is kept. */
  async save(manager: EntityManager, pat: NewStoredPatRow): Promise<Date> {
    const { applicationId, username } = pat;
    const usernameKey = username.toLowerCase();
    const updatedAt = new Date();
    const row = {
      applicationId,
      usernameKey,
      username,
      token: this.box.seal(pat.token, purposeOf(applicationId, usernameKey)),
      updatedAt,
      productTokenId: pat.productTokenId ?? null,
      issuedAt: pat.issuedAt ?? null,
      expiresAt: pat.expiresAt ?? null,
      refusedAt: null,
      checkedAt: updatedAt,
      renewedAt: pat.renewedAt ?? null,
      warnedDays: null,
    };
    await manager.upsert(StoredPatEntity, row, ['applicationId', 'usernameKey']);
    return updatedAt;
  }

  /** Notes what was found out about this very token; false when another one has taken its place meanwhile. */
  async update(
    { applicationId, username, storedAt }: Pick<StoredPatRow, 'applicationId' | 'username' | 'storedAt'>,
    change: StoredPatChange,
    manager: EntityManager = this.dataSource.manager,
  ): Promise<boolean> {
    const usernameKey = username.toLowerCase();
    const { affected } = await manager.update(
      StoredPatEntity,
      { applicationId, usernameKey, updatedAt: storedAt },
      change,
    );
    return affected === 1;
  }

  /** False when there was none. */
  async remove(manager: EntityManager, applicationId: string, username: string): Promise<boolean> {
    const { affected } = await manager.delete(StoredPatEntity, {
      applicationId,
      usernameKey: username.toLowerCase(),
    });
    return affected === 1;
  }

  private opened(row: StoredPatEntity): StoredPatRow {
    return {
      ...row,
      token: this.box.open(row.token, purposeOf(row.applicationId, row.usernameKey)),
      storedAt: row.updatedAt,
    };
  }
}

function patOf({ username, token, storedAt, expiresAt, refusedAt }: StoredPatRow): StoredPat {
  return {
    username,
    token,
    storedAt,
    ...(expiresAt && { expiresAt }),
    ...(refusedAt && { refusedAt }),
  };
}

function purposeOf(applicationId: string, usernameKey: string): string {
  return `stored-pat:${applicationId}:${usernameKey}`;
}

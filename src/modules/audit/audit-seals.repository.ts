import { Inject, Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { SECRET_BOX } from '../../platform/crypto/secret-box.js';
import type { SecretBox } from '../../platform/crypto/secret-box.js';
import { sha256 } from '../../platform/crypto/sha256.js';
import type { SqlRunner } from './audit-insert.repository.js';
import type { SealContent, StoredSeal } from './audit-seal.policy.js';

/** Keeps seals: what they say, and a proof that this installation's key made it. */
@Injectable()
export class AuditSealsRepository {
  constructor(
    private readonly dataSource: DataSource,
    @Inject(SECRET_BOX) private readonly box: SecretBox,
  ) {}

  /** Adds a seal. Only the holder of the encryption key can make one that `isGenuine`. */
  async add(sql: SqlRunner, day: string, content: SealContent): Promise<void> {
    const text = JSON.stringify(content);
    const seal = this.box.seal(sha256(text), SEAL_PURPOSE);
    await sql.query('INSERT INTO audit_seals (kind, day, content, seal) VALUES ($1, $2, $3, $4)', [
      content.kind,
      day,
      text,
      seal,
    ]);
  }

  /** All seals in the order in which they were made. */
  all(sql: SqlRunner = this.dataSource): Promise<StoredSeal[]> {
    return sql.query<StoredSeal[]>(
      'SELECT id::int AS id, kind, day::text AS day, content, seal FROM audit_seals ORDER BY id',
    );
  }

  /** False when the seal was made with another key, or what it says was changed. */
  isGenuine({ content, seal }: StoredSeal): boolean {
    try {
      return this.box.open(seal, SEAL_PURPOSE) === sha256(content);
    } catch (error) {
      if (error instanceof Error && error.name === 'SecretBoxError') return false;
      throw error;
    }
  }
}

const SEAL_PURPOSE = 'audit-seal';

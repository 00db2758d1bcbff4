import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * A link of the audit log's hash chain is a group of events: the last of them has its hash, and that of the group
 * before. Rows from before are groups of one each, and have no `previous`.
 */
export class AuditGroups1763900000000 implements MigrationInterface {
  name = 'AuditGroups1763900000000';

  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('ALTER TABLE audit_events ALTER COLUMN hash DROP NOT NULL');
    await queryRunner.query('ALTER TABLE audit_events ADD COLUMN previous text');
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('ALTER TABLE audit_events DROP COLUMN previous');
    await queryRunner.query("UPDATE audit_events SET hash = '' WHERE hash IS NULL");
    await queryRunner.query('ALTER TABLE audit_events ALTER COLUMN hash SET NOT NULL');
  }
}

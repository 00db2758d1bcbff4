import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What is known of stored personal access tokens: until when they last, and whether they are still accepted. */
export class StoredPatState1763800000003 implements MigrationInterface {
  name = 'StoredPatState1763800000003';

  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
      ALTER TABLE stored_pats
        ADD COLUMN product_token_id text,
        ADD COLUMN issued_at timestamptz,
        ADD COLUMN expires_at timestamptz,
        ADD COLUMN refused_at timestamptz,
        ADD COLUMN checked_at timestamptz,
        ADD COLUMN renewed_at timestamptz,
        ADD COLUMN warned_days integer`);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
      ALTER TABLE stored_pats
        DROP COLUMN product_token_id,
        DROP COLUMN issued_at,
        DROP COLUMN expires_at,
        DROP COLUMN refused_at,
        DROP COLUMN checked_at,
        DROP COLUMN renewed_at,
        DROP COLUMN warned_days`);
  }
}

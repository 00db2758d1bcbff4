import type { MigrationInterface, QueryRunner } from 'typeorm';

/** The change log that keeps nodes in step, and the settings with every version they ever had. */
export class Settings1763700000000 implements MigrationInterface {
  name = 'Settings1763700000000';

  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
      CREATE TABLE change_log (
        id bigserial NOT NULL,
        topic text NOT NULL,
        key text,
        at timestamptz NOT NULL DEFAULT now(),
        CONSTRAINT change_log_pk PRIMARY KEY (id)
      )`);
    await queryRunner.query(`
      CREATE TABLE settings (
        key text NOT NULL,
        value jsonb NOT NULL,
        version integer NOT NULL DEFAULT 1,
        updated_at timestamptz NOT NULL DEFAULT now(),
        updated_by text NOT NULL,
        CONSTRAINT settings_pk PRIMARY KEY (key),
        CONSTRAINT settings_version_positive CHECK (version > 0)
      )`);
    await queryRunner.query(`
      CREATE TABLE setting_versions (
        key text NOT NULL,
        version integer NOT NULL,
        value jsonb NOT NULL,
        at timestamptz NOT NULL DEFAULT now(),
        by text NOT NULL,
        CONSTRAINT setting_versions_pk PRIMARY KEY (key, version),
        CONSTRAINT setting_versions_version_positive CHECK (version > 0)
      )`);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('DROP TABLE setting_versions');
    await queryRunner.query('DROP TABLE settings');
    await queryRunner.query('DROP TABLE change_log');
  }
}

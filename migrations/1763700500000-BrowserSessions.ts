import type { MigrationInterface, QueryRunner } from 'typeorm';

/** People who signed in with a browser. */
export class BrowserSessions1763700500000 implements MigrationInterface {
  name = 'BrowserSessions1763700500000';

  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
      CREATE TABLE browser_sessions (
        token_hash text NOT NULL,
        provider_id uuid NOT NULL,
        username_key text NOT NULL,
        subject_by text NOT NULL,
        subject_value text NOT NULL,
        claimed_groups jsonb NOT NULL,
        created_at timestamptz NOT NULL,
        last_seen_at timestamptz NOT NULL,
        expires_at timestamptz NOT NULL,
        CONSTRAINT browser_sessions_pk PRIMARY KEY (token_hash),
        CONSTRAINT browser_sessions_subject_by_known CHECK (subject_by IN ('username', 'email')),
        CONSTRAINT browser_sessions_provider_fk FOREIGN KEY (provider_id)
          REFERENCES providers (id) ON DELETE CASCADE
      )`);
    await queryRunner.query('CREATE INDEX browser_sessions_provider_index ON browser_sessions (provider_id)');
    await queryRunner.query('CREATE INDEX browser_sessions_user_index ON browser_sessions (username_key)');
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('DROP TABLE browser_sessions');
  }
}

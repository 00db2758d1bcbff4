import type { MigrationInterface, QueryRunner } from 'typeorm';

/** The fronted applications, and the personal access tokens that users stored for the identity mode `pat`. */
export class Applications1763700200000 implements MigrationInterface {
  name = 'Applications1763700200000';

  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
      CREATE TABLE applications (
        id uuid NOT NULL,
        key text NOT NULL,
        name text NOT NULL,
        product text NOT NULL,
        base_url text NOT NULL,
        path_prefix text NOT NULL,
        hostname text NOT NULL DEFAULT '',
        enabled boolean NOT NULL DEFAULT true,
        options jsonb NOT NULL,
        identity jsonb NOT NULL,
        directory jsonb NOT NULL,
        tls jsonb,
        key_pairs jsonb,
        version integer NOT NULL DEFAULT 1,
        created_at timestamptz NOT NULL DEFAULT now(),
        updated_at timestamptz NOT NULL DEFAULT now(),
        CONSTRAINT applications_pk PRIMARY KEY (id),
        CONSTRAINT applications_key_unique UNIQUE (key),
        CONSTRAINT applications_reached_at_unique UNIQUE (hostname, path_prefix),
        CONSTRAINT applications_product_known CHECK (product IN ('jira', 'confluence', 'bitbucket')),
        CONSTRAINT applications_version_positive CHECK (version > 0)
      )`);
    await queryRunner.query(`
      CREATE TABLE stored_pats (
        application_id uuid NOT NULL,
        username_key text NOT NULL,
        username text NOT NULL,
        token text NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now(),
        updated_at timestamptz NOT NULL DEFAULT now(),
        CONSTRAINT stored_pats_pk PRIMARY KEY (application_id, username_key),
        CONSTRAINT stored_pats_application_fk FOREIGN KEY (application_id)
          REFERENCES applications (id) ON DELETE CASCADE
      )`);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('DROP TABLE stored_pats');
    await queryRunner.query('DROP TABLE applications');
  }
}

import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Identity providers, their last good keys, and running "Fetch token" authorizations. */
export class Providers1763700100000 implements MigrationInterface {
  name = 'Providers1763700100000';

  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
      CREATE TABLE providers (
        id uuid NOT NULL,
        name text NOT NULL,
        preset text NOT NULL,
        enabled boolean NOT NULL,
        client_id text NOT NULL,
        client_secret text,
        settings jsonb NOT NULL,
        position integer NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now(),
        updated_at timestamptz NOT NULL DEFAULT now(),
        CONSTRAINT providers_pk PRIMARY KEY (id),
        CONSTRAINT providers_name_unique UNIQUE (name),
        CONSTRAINT providers_settings_object CHECK (jsonb_typeof(settings) = 'object')
      )`);
    await queryRunner.query(`
      CREATE TABLE provider_keys (
        provider_id uuid NOT NULL,
        jwks_uri text NOT NULL,
        keys jsonb NOT NULL,
        fetched_at timestamptz NOT NULL,
        CONSTRAINT provider_keys_pk PRIMARY KEY (provider_id)
      )`);
    await queryRunner.query(`
      CREATE TABLE provider_authorizations (
        state_hash text NOT NULL,
        provider_id uuid NOT NULL,
        admin text NOT NULL,
        status text NOT NULL,
        secret text NOT NULL,
        result text,
        expires_at timestamptz NOT NULL,
        CONSTRAINT provider_authorizations_pk PRIMARY KEY (state_hash),
        CONSTRAINT provider_authorizations_status_known
          CHECK (status IN ('pending', 'exchanging', 'complete', 'failed'))
      )`);
    await queryRunner.query(
      'CREATE INDEX provider_authorizations_provider_index ON provider_authorizations (provider_id)',
    );
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('DROP TABLE provider_authorizations');
    await queryRunner.query('DROP TABLE provider_keys');
    await queryRunner.query('DROP TABLE providers');
  }
}

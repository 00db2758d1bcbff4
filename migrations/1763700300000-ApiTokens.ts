import type { MigrationInterface, QueryRunner } from 'typeorm';

/** API tokens. Of a token only its SHA-256 and its first characters are kept. */
export class ApiTokens1763700300000 implements MigrationInterface {
  name = 'ApiTokens1763700300000';

  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
      CREATE TABLE api_tokens (
        id uuid NOT NULL,
        username text NOT NULL,
        username_key text NOT NULL,
        name text NOT NULL,
        prefix text NOT NULL,
        hash bytea NOT NULL,
        scope text NOT NULL,
        applications text[],
        paths text[],
        allowed_ips text[],
        created_at timestamptz NOT NULL DEFAULT now(),
        created_by text NOT NULL,
        expires_at timestamptz,
        revoked_at timestamptz,
        revoked_by text,
        last_used_at timestamptz,
        last_used_ip text,
        rotated_at timestamptz,
        previous_hash bytea,
        previous_until timestamptz,
        previous_last_used_at timestamptz,
        warned_days integer,
        CONSTRAINT api_tokens_pk PRIMARY KEY (id),
        CONSTRAINT api_tokens_hash_unique UNIQUE (hash),
        CONSTRAINT api_tokens_previous_hash_unique UNIQUE (previous_hash),
        CONSTRAINT api_tokens_scope_known CHECK (scope IN ('read', 'write', 'admin')),
        CONSTRAINT api_tokens_hash_is_sha256 CHECK (octet_length(hash) = 32)
      )`);
    await queryRunner.query('CREATE INDEX api_tokens_by_owner ON api_tokens (username_key, id)');
    await queryRunner.query('CREATE INDEX api_tokens_by_expiry ON api_tokens (expires_at)');
    await queryRunner.query('CREATE INDEX api_tokens_by_revocation ON api_tokens (revoked_at)');
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('DROP TABLE api_tokens');
  }
}

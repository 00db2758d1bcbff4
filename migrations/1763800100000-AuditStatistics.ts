import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Counts of the requests of each hour, for the statistics, one partition per day as the events have. Nothing is
 * counted here: with many events that takes minutes, in which no replica would start. `counted` says how many of a
 * chain's events the counts know of. It begins at 0, as it does in every row that a replica of the version before
 * writes meanwhile; the upkeep counts what is missing, and until then statistics read the events of those days.
 */
export class AuditStatistics1763800100000 implements MigrationInterface {
  name = 'AuditStatistics1763800100000';

  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(COUNTS);
    await queryRunner.query(
      'CREATE TABLE audit_statistics_default (LIKE audit_statistics) WITH (fillfactor = 80)',
    );
    await queryRunner.query(
      `ALTER TABLE audit_statistics_default ADD CONSTRAINT audit_statistics_default_pk PRIMARY KEY (${KEY})`,
    );
    await queryRunner.query(
      `CREATE INDEX audit_statistics_default_by_user ON audit_statistics_default ${BY_USER}`,
    );
    await queryRunner.query('ALTER TABLE audit_statistics ATTACH PARTITION audit_statistics_default DEFAULT');
    await queryRunner.query(`CREATE INDEX audit_statistics_by_user ON audit_statistics ${BY_USER}`);
    await queryRunner.query(PENDING);
    await queryRunner.query('ALTER TABLE audit_chains ADD COLUMN counted bigint NOT NULL DEFAULT 0');
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('ALTER TABLE audit_chains DROP COLUMN counted');
    await queryRunner.query('DROP TABLE audit_statistics_pending');
    await queryRunner.query('DROP TABLE audit_statistics');
  }
}

const KEY = 'level, hour, application, decision, reason, username';
const BY_USER = '(lower(username COLLATE "default"), hour) WHERE level = 0';

/**
 * What an event does not have is '' (no duration: bucket 0): PostgreSQL 14 has no keys in which two NULLs are the same.
 * `counts` tells how many of the `count` requests each of the `buckets` of durations holds: as a row for each it would
 * take a third of the room of the events.
 */
const COUNTS = `
  CREATE TABLE audit_statistics (
    level smallint NOT NULL,
    hour timestamptz NOT NULL,
    application text COLLATE "C" NOT NULL,
    decision text COLLATE "C" NOT NULL,
    reason text COLLATE "C" NOT NULL,
    username text COLLATE "C" NOT NULL,
    count integer NOT NULL,
    buckets smallint[] NOT NULL,
    counts integer[] NOT NULL,
    CONSTRAINT audit_statistics_pk PRIMARY KEY (${KEY})
  ) PARTITION BY RANGE (hour)`;

/** What was written or deleted since the counts were last brought up to date: one row per statement. */
const PENDING = `
  CREATE TABLE audit_statistics_pending (
    id bigint GENERATED ALWAYS AS IDENTITY,
    entries integer NOT NULL,
    hours timestamptz[] NOT NULL,
    applications text[] COLLATE "C" NOT NULL,
    decisions text[] COLLATE "C" NOT NULL,
    reasons text[] COLLATE "C" NOT NULL,
    usernames text[] COLLATE "C" NOT NULL,
    buckets smallint[] NOT NULL,
    counts integer[] NOT NULL,
    CONSTRAINT audit_statistics_pending_pk PRIMARY KEY (id)
  )`;

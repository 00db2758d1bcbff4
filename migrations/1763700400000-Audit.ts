import type { MigrationInterface, QueryRunner } from 'typeorm';

/** The audit log: events in one partition per day, their hash chains, the signed seals, and the runs of its cleaner. */
export class Audit1763700400000 implements MigrationInterface {
  name = 'Audit1763700400000';

  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(EVENTS);
    await queryRunner.query('CREATE TABLE audit_events_default (LIKE audit_events INCLUDING CONSTRAINTS)');
    await queryRunner.query(
      'ALTER TABLE audit_events_default ADD CONSTRAINT audit_events_default_pk PRIMARY KEY (id, time)',
    );
    for (const [name, definition] of INDEXES) {
      await queryRunner.query(
        `CREATE INDEX audit_events_default_by_${name} ON audit_events_default ${definition}`,
      );
    }
    await queryRunner.query('ALTER TABLE audit_events ATTACH PARTITION audit_events_default DEFAULT');
    for (const [name, definition] of INDEXES) {
      await queryRunner.query(`CREATE INDEX audit_events_by_${name} ON audit_events ${definition}`);
    }
    await queryRunner.query(CHAINS);
    await queryRunner.query('CREATE INDEX audit_chains_by_day ON audit_chains (day)');
    await queryRunner.query(SEALS);
    await queryRunner.query('CREATE INDEX audit_seals_by_day ON audit_seals (day)');
    await queryRunner.query(RUNS);
    await queryRunner.query('CREATE INDEX audit_prune_runs_by_time ON audit_prune_runs (time)');
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('DROP TABLE audit_prune_runs');
    await queryRunner.query('DROP TABLE audit_seals');
    await queryRunner.query('DROP TABLE audit_chains');
    await queryRunner.query('DROP TABLE audit_events');
  }
}

const EVENTS = `
  CREATE TABLE audit_events (
    id uuid NOT NULL,
    time timestamptz NOT NULL,
    request_id text NOT NULL,
    category text NOT NULL,
    decision text NOT NULL,
    reason text,
    detail text,
    application text,
    method text,
    path text,
    query text,
    status integer,
    username text,
    credential_kind text,
    credential_id text,
    credential_name text,
    credential_provider text,
    client_ip text,
    peer_ip text,
    user_agent text,
    duration_ms double precision,
    upstream_ms double precision,
    request_bytes bigint,
    response_bytes bigint,
    would_deny text[],
    config_version integer,
    target text,
    before text,
    after text,
    chain text NOT NULL,
    seq integer NOT NULL,
    hash text NOT NULL,
    CONSTRAINT audit_events_pk PRIMARY KEY (id, time),
    CONSTRAINT audit_events_category_known CHECK (category IN ('request', 'admin')),
    CONSTRAINT audit_events_decision_known CHECK (
      decision IN ('forwarded', 'denied', 'bypassed', 'anonymous', 'passed-through', 'session'))
  ) PARTITION BY RANGE (time)`;

const INDEXES: readonly (readonly [string, string])[] = [
  ['time', '(time, id)'],
  ['user', '(lower(username), time, id)'],
  ['application', '(application, time, id)'],
  ['reason', '(reason, time, id) WHERE reason IS NOT NULL'],
  ['status', '(status, time, id) WHERE status >= 400'],
  ['client_ip', '(client_ip, time, id)'],
  ['admin', "(time, id) WHERE category = 'admin'"],
  ['would_deny', '(time, id) WHERE would_deny IS NOT NULL'],
];

const CHAINS = `
  CREATE TABLE audit_chains (
    chain text NOT NULL,
    day date NOT NULL,
    seq integer NOT NULL,
    hash text NOT NULL,
    rows bigint NOT NULL,
    CONSTRAINT audit_chains_pk PRIMARY KEY (chain)
  )`;

const SEALS = `
  CREATE TABLE audit_seals (
    id bigint GENERATED ALWAYS AS IDENTITY,
    kind text NOT NULL,
    day date NOT NULL,
    content text NOT NULL,
    seal text NOT NULL,
    at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT audit_seals_pk PRIMARY KEY (id),
    CONSTRAINT audit_seals_kind_known CHECK (kind IN ('day', 'prune'))
  )`;

const RUNS = `
  CREATE TABLE audit_prune_runs (
    id uuid NOT NULL,
    slot text,
    by text NOT NULL,
    time timestamptz NOT NULL,
    deleted bigint,
    complete boolean,
    duration_ms double precision,
    CONSTRAINT audit_prune_runs_pk PRIMARY KEY (id),
    CONSTRAINT audit_prune_runs_slot_once UNIQUE (slot)
  )`;

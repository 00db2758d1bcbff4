/**
 * How much memory a million API tokens take, how long they take to load, and what one look-up costs.
 * `npx tsx bench/tokens-memory.ts postgres://user@host:5432/database [tokens]`: makes a database beside the
 * given one and removes it again.
 */
import { randomBytes } from 'node:crypto';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import pg from 'pg';
import { pino } from 'pino';
import { DataSource } from 'typeorm';
import type { ChangeFeedPort } from '../src/platform/change-feed/change-feed.port.js';
import { initialSnapshot } from '../src/platform/change-feed/snapshot.js';
import { postgresOptions, runMigrations } from '../src/platform/database/data-source.js';
import { checksumOf, digestOf, generateToken } from '../src/modules/tokens/token-format.policy.js';
import { NO_TOKENS, TOKEN_INDEX } from '../src/modules/tokens/token-index.repository.js';
import type { TokenIndex } from '../src/modules/tokens/token-index.repository.js';
import { TokenLoader } from '../src/modules/tokens/token-loader.service.js';
import { TokenUseRecorder } from '../src/modules/tokens/token-use.service.js';
import { TokenVerifier } from '../src/modules/tokens/token-verifier.service.js';

const MEBIBYTE = 1024 * 1024;
const KNOWN = 1000;
const CALLS = 200_000;
/** As the product makes them: ordered by time, with a random end. */
const UUID_V7 =
  "(lpad(to_hex(1700000000000 + n), 12, '0') || '7' || substr(md5(n::text), 1, 3) || '8' || substr(md5(n::text), 4, 15))::uuid";

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

async function main(adminUrl: string, count: number): Promise<void> {
  const name = `restgate_bench_${randomBytes(4).toString('hex')}`;
  await asAdmin(adminUrl, `CREATE DATABASE ${name}`);
  const url = new URL(adminUrl);
  url.pathname = `/${name}`;
  const dataSource = await new DataSource(postgresOptions({ url: url.href }, () => undefined)).initialize();
  try {
    await runMigrations(dataSource);
    const tokens = await fill(dataSource, count);
    await measure(dataSource, tokens);
  } finally {
    await dataSource.destroy();
    await asAdmin(adminUrl, `DROP DATABASE ${name} WITH (FORCE)`);
  }
}

async function measure(dataSource: DataSource, tokens: readonly string[]): Promise<void> {
  const log = pino({ level: 'silent' });
  const changeFeed = { register: () => undefined } as unknown as ChangeFeedPort;
  const loader = new TokenLoader(dataSource, changeFeed, log);
  const before = memory();
  const stalls = watchStalls();
  const cpu = process.cpuUsage();
  const begun = performance.now();
  const index = await loader.load(NO_TOKENS, undefined);
  const loadMs = performance.now() - begun;
  const { user, system } = process.cpuUsage(cpu);
  const longestStallMs = stalls();
  const after = memory();
  print('tokens loaded', index.size);
  print('load time, s', loadMs / 1000);
  print('processor time of this process while loading, s', (user + system) / 1_000_000);
  print('longest pause of the event loop while loading, ms', longestStallMs);
  print('heap, MiB', after.heap - before.heap);
  print('outside the heap, MiB', after.outside - before.outside);
  print('together, MiB', after.heap + after.outside - before.heap - before.outside);
  print('resident set of the process, MiB', process.memoryUsage().rss / MEBIBYTE);
  lookUps(new TokenVerifier(new TokenUseRecorder(dataSource, log)), index, tokens);
  await reload(loader, index, dataSource);
}

function lookUps(verifier: TokenVerifier, index: TokenIndex, tokens: readonly string[]): void {
  const snapshot = TOKEN_INDEX.replaceIn(initialSnapshot(), index);
  const unknown = Array.from({ length: KNOWN }, () => generateToken(randomBytes));
  const malformed = unknown.map((token) => `${token.slice(0, 44)}${checksumOf(token).slice(0, 5)}-`);
  for (const [what, list] of Object.entries({ known: tokens, unknown, malformed })) {
    for (let round = 0; round < 2; round++) {
      const begun = performance.now();
      for (let i = 0; i < CALLS; i++) verifier.verify(list[i % KNOWN] as string, undefined, snapshot, 1);
      const microseconds = ((performance.now() - begun) * 1000) / CALLS;
      if (round === 1) print(`one look-up of a token that is ${what}, µs`, microseconds);
    }
  }
  const tokenBytes = tokens.map((token) => digestOf(token));
  print('mean look-up, digest differs in its first byte, ns', missedLookUps(index, tokenBytes, 0));
  print('mean look-up, digest differs in its last byte, ns', missedLookUps(index, tokenBytes, 31));
}

/** The comparison of digests must not tell how much of them is right. */
function missedLookUps(index: TokenIndex, digests: readonly Buffer[], wrongByte: number): number {
  const wrong = digests.map((digest) => {
    const copy = Buffer.from(digest);
    copy[wrongByte] = (copy[wrongByte] as number) ^ 1;
    return copy;
  });
  const begun = performance.now();
  for (let i = 0; i < CALLS; i++) index.find(wrong[i % KNOWN] as Buffer);
  return ((performance.now() - begun) * 1_000_000) / CALLS;
}

async function reload(loader: TokenLoader, index: TokenIndex, dataSource: DataSource): Promise<void> {
  const rows = await dataSource.query<{ id: string }[]>('SELECT id FROM api_tokens LIMIT 20');
  const begun = performance.now();
  for (const { id } of rows) await loader.load(index, [id]);
  print('reload of one changed token, ms', (performance.now() - begun) / rows.length);
}

/** Tokens of 20 000 users, one in twenty with limits, one in ten revoked; 1000 of them are known here. */
async function fill(dataSource: DataSource, count: number): Promise<string[]> {
  const slice = 100_000;
  for (let from = 1; from <= count - KNOWN; from += slice) {
    await dataSource.query(
      `INSERT INTO api_tokens (id, username, username_key, name, prefix, hash, scope, paths, created_by, expires_at,
         revoked_at)
       SELECT ${UUID_V7}, 'user-' || n % 20000, 'user-' || n % 20000, 'nightly build ' || n, 'rgt_AbCd1234',
         sha256(convert_to(n || 'bench', 'UTF8')), CASE n % 3 WHEN 0 THEN 'write' ELSE 'read' END,
         CASE n % 20 WHEN 0 THEN ARRAY['/rest/api/2/project/P' || n % 500 || '/**'] END, 'bench',
         now() + n % 365 * interval '1 day', CASE n % 10 WHEN 0 THEN now() END
       FROM generate_series($1::int, $2::int) AS n`,
      [from, Math.min(from + slice - 1, count - KNOWN)],
    );
  }
  const tokens = Array.from({ length: KNOWN }, () => generateToken(randomBytes));
  await dataSource.query(
    `INSERT INTO api_tokens (id, username, username_key, name, prefix, hash, scope, created_by)
     SELECT gen_random_uuid(), 'alice', 'alice', 'known', 'rgt_AbCd1234', decode(h, 'hex'), 'read', 'bench'
     FROM unnest($1::text[]) AS h`,
    [tokens.map((token) => digestOf(token).toString('hex'))],
  );
  await dataSource.query('ANALYZE api_tokens');
  return tokens;
}

function memory(): { heap: number; outside: number } {
  collectGarbage();
  collectGarbage();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return { heap: heapUsed / MEBIBYTE, outside: arrayBuffers / MEBIBYTE };
}

function watchStalls(): () => number {
  let last = performance.now();
  let longest = 0;
  const timer = setInterval(() => {
    const now = performance.now();
    longest = Math.max(longest, now - last);
    last = now;
  }, 1);
  return () => {
    clearInterval(timer);
    return longest;
  };
}

async function asAdmin(url: string, statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  await client.query(statement);
  await client.end();
}

function print(what: string, value: number): void {
  process.stdout.write(`${what}: ${Number.isInteger(value) ? value : value.toFixed(2)}\n`);
}

const [adminUrl, count] = process.argv.slice(2);
if (adminUrl === undefined) throw new Error('Give the URL of a PostgreSQL database.');
void main(adminUrl, Number(count ?? 1_000_000));

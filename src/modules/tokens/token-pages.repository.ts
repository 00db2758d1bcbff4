import type { EntityManager } from 'typeorm';
import type { IndexedToken } from './token-index.repository.js';
import type { TokenScope } from './token-limits.policy.js';

/** Some 2000 tokens; a block of the database is 8 KiB. */
const BLOCKS_OF_PAGE = 64;
const ID_BYTES = 16;
const DIGEST_BYTES = 32;
const TIME_BYTES = 8;
const KEY_BYTES = ID_BYTES + DIGEST_BYTES + TIME_BYTES;
const REVOKED = -1;

/**
 * The rows of a page as a few long values: a million rows of their own would cost the driver more than all the rest.
 * Ids, digests and times as bytes; -1: revoked. All aggregates see the rows in the same order.
 */
const PAGE = `SELECT
  string_agg(uuid_send(id) || hash || float8send(CASE WHEN revoked_at IS NOT NULL THEN ${REVOKED}
    ELSE coalesce(round(date_part('epoch', expires_at) * 1000), 'Infinity') END), ''::bytea) AS keys,
  json_agg(username) AS usernames, json_agg(name) AS names,
  json_agg(CASE WHEN coalesce(applications, paths, allowed_ips) IS NULL AND previous_hash IS NULL THEN to_json(scope)
    ELSE json_build_object('scope', scope, 'applications', applications, 'paths', paths, 'allowedIps', allowed_ips,
      'previousDigest', encode(previous_hash, 'hex'),
      'previousUntil', round(date_part('epoch', previous_until) * 1000)) END) AS details
  FROM api_tokens WHERE ctid >= $1::tid AND ctid < $2::tid`;

interface Page {
  /** null: no row in these blocks. */
  readonly keys: Buffer | null;
  readonly usernames: readonly string[];
  readonly names: readonly string[];
  readonly details: readonly (TokenScope | Details)[];
}

/** What few tokens have. */
interface Details extends Pick<IndexedToken, 'scope' | 'applications' | 'paths' | 'allowedIps'> {
  readonly previousDigest: string | null;
  readonly previousUntil: number | null;
}

/**
 * Reads every token, as they were at one moment: the transaction must be REPEATABLE READ. `start` hears how many
 * there are, then `take` gets them one by one. By blocks of the table, so that neither the event loop nor the heap
 * sees all rows at once and nothing is read in random order; the database reads a page while the last is taken in.
 */
export async function readAllTokens(
  manager: EntityManager,
  start: (count: number) => void,
  take: (token: IndexedToken) => void,
): Promise<void> {
  const [size] = await manager.query<{ count: string; blocks: string }[]>(
    `SELECT count(*), pg_relation_size('api_tokens') / current_setting('block_size')::int AS blocks FROM api_tokens`,
  );
  const blocks = Number(size?.blocks ?? 0);
  start(Number(size?.count ?? 0));
  const fetchPage = (from: number): Promise<Page[]> =>
    manager.query(PAGE, [`(${from},0)`, `(${from + BLOCKS_OF_PAGE},0)`]);
  let pages = await fetchPage(0);
  for (let from = BLOCKS_OF_PAGE; pages.length > 0; from += BLOCKS_OF_PAGE) {
    const next = from < blocks ? fetchPage(from) : Promise.resolve([]);
    for (const page of pages) takePage(page, take);
    pages = await next;
  }
}

/** One literal with every field: spreading the few that matter into it took longer than all the rest. */
function takePage({ keys, usernames, names, details }: Page, take: (token: IndexedToken) => void): void {
  if (!keys) return;
  for (let row = 0; row < usernames.length; row++) {
    const digestAt = row * KEY_BYTES + ID_BYTES;
    const endsAt = digestAt + DIGEST_BYTES;
    const ends = keys.readDoubleBE(endsAt);
    const detail = details[row] as TokenScope | Details;
    const more = typeof detail === 'string' ? PLAIN[detail] : detail;
    take({
      id: keys.subarray(digestAt - ID_BYTES, digestAt),
      digest: keys.subarray(digestAt, endsAt),
      username: usernames[row] as string,
      name: names[row] as string,
      scope: more.scope,
      applications: more.applications,
      paths: more.paths,
      allowedIps: more.allowedIps,
      expiresAt: ends === Infinity || ends === REVOKED ? null : ends,
      revoked: ends === REVOKED,
      previousDigest: more.previousDigest === null ? null : Buffer.from(more.previousDigest, 'hex'),
      previousUntil: more.previousUntil,
    });
  }
}

const PLAIN: Readonly<Record<TokenScope, Details>> = {
  read: plain('read'),
  write: plain('write'),
  admin: plain('admin'),
};

function plain(scope: TokenScope): Details {
  return {
    scope,
    applications: null,
    paths: null,
    allowedIps: null,
    previousDigest: null,
    previousUntil: null,
  };
}

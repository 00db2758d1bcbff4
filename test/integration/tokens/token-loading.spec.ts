import { createHash } from 'node:crypto';
import { digestOf } from '../../../src/modules/tokens/token-format.policy.js';
import { TOKEN_INDEX } from '../../../src/modules/tokens/token-index.repository.js';
import { bootstrap, startWorld, TokenNode } from './token-world.js';
import type { Surroundings } from './token-world.js';

const NOW = Date.now();
const MANY = 6000;
/** Names as people write them: quotes, line breaks, letters of two and four bytes. */
const NAMES = `'"n\\' || chr(10) || 'ü🔑 ' || n`;

describe('tokens that are loaded when a node starts', () => {
  let node: TokenNode;
  let surroundings: Surroundings;
  let url: string;
  let stop: () => Promise<void>;

  beforeEach(async () => {
    ({ node, surroundings, url, stop } = await startWorld());
  });

  afterEach(() => stop());

  const fill = (from: number): Promise<unknown> =>
    node.dataSource.query(
      `INSERT INTO api_tokens (id, username, username_key, name, prefix, hash, scope, created_by, expires_at)
       SELECT gen_random_uuid(), 'user-' || n, 'user-' || n, ${NAMES}, 'rgt_AbCd1234',
         sha256(convert_to('bulk' || n, 'UTF8')), CASE n % 3 WHEN 0 THEN 'write' ELSE 'read' END, 'test',
         to_timestamp(${NOW}::float8 / 1000) + n * interval '1.001 seconds'
       FROM generate_series($1::int, $2::int) AS n`,
      [from, from + MANY / 2 - 1],
    );
  const known = (on: TokenNode, token: unknown): unknown => {
    const index = TOKEN_INDEX.of(on.changeFeed.current);
    const secret = index.find(digestOf(String(token)));
    if (secret < 0) return 'unknown';
    const { limits, ...rest } = index.tokenAt(secret);
    const { allowsPath, allowsIp, ...plain } = limits;
    const asked = { path: allowsPath?.('/rest/api/2/issue'), ip: allowsIp?.('192.0.2.7') };
    return { ...rest, limits: plain, asked, state: index.stateOf(secret, NOW) };
  };
  const create = async (body: object): Promise<{ id: string; token: string }> => {
    const fields = { username: 'alice', name: 'ci', scope: 'write', ...body };
    return (await node.call(bootstrap, 'POST', '/tokens', fields)).body as { id: string; token: string };
  };

  it('are the same as those that were added one by one, whatever is special about them', async () => {
    await fill(0);
    const plain = await create({ expiresAt: new Date(NOW + 86_400_123).toISOString() });
    const never = await create({ scope: 'admin', expiresAt: null });
    const limited = await create({
      applications: ['jira'],
      paths: ['/rest/api/2/**'],
      allowedIps: ['192.0.2.0/24'],
    });
    const revoked = await create({ paths: ['/x'] });
    await node.call(bootstrap, 'DELETE', `/tokens/${revoked.id}`);
    const old = await create({});
    const rotation = { overlapSeconds: 600 };
    const rotated = (await node.call(bootstrap, 'POST', `/tokens/${old.id}/rotation`, rotation)).body;
    await fill(MANY / 2);
    await node.dataSource.query("DELETE FROM api_tokens WHERE username = 'user-17'");

    const other = await TokenNode.start(url, surroundings);
    try {
      const tokens = [plain, never, limited, revoked, old, rotated].map(({ token }) => token);
      expect(tokens.map((token) => known(other, token))).toEqual(tokens.map((token) => known(node, token)));
      expect(known(other, revoked.token)).toMatchObject({ state: 'revoked', asked: { path: false } });
      expect(known(other, old.token)).toMatchObject({ state: 'active', replaced: true });
      expect(known(other, limited.token)).toMatchObject({ asked: { path: true, ip: true } });
      expect(known(other, plain.token)).toMatchObject({ expiresAt: NOW + 86_400_123 });

      const index = TOKEN_INDEX.of(other.changeFeed.current);
      expect(index.size).toBe(MANY + 5 - 1);
      for (const n of [0, 1, 16, 18, 2999, 3000, 5999]) {
        const secret = index.find(createHash('sha256').update(`bulk${n}`).digest());
        expect(index.tokenAt(secret)).toMatchObject({
          username: `user-${n}`,
          expiresAt: NOW + n * 1001,
          limits: { scope: n % 3 === 0 ? 'write' : 'read' },
          reference: { name: `"n\\\nü🔑 ${n}` },
        });
      }
      expect(index.find(createHash('sha256').update('bulk17').digest())).toBe(-1);
    } finally {
      await other.stop();
    }
  });

  it('are none on a fresh database', () => {
    expect(TOKEN_INDEX.of(node.changeFeed.current).size).toBe(0);
  });
});

import { TokenUseRecorder } from '../../../src/modules/tokens/token-use.service.js';
import { TokenVerifier } from '../../../src/modules/tokens/token-verifier.service.js';
import { bootstrap, startWorld, TokenNode } from './token-world.js';
import type { Answer, Surroundings } from './token-world.js';

const MINUTE = 60_000;
const DAY = 86_400_000;

describe('tokens on the data plane', () => {
  let node: TokenNode;
  let surroundings: Surroundings;
  let url: string;
  let stop: () => Promise<void>;

  beforeEach(async () => {
    ({ node, surroundings, url, stop } = await startWorld());
  });

  afterEach(() => stop());

  const create = (body: object = {}): Promise<Answer> =>
    node.call(bootstrap, 'POST', '/tokens', { username: 'alice', name: 'ci', scope: 'write', ...body });
  const rotate = (id: unknown, body: object): Promise<Answer> =>
    node.call(bootstrap, 'POST', `/tokens/${String(id)}/rotation`, body);
  const show = async (id: unknown): Promise<Record<string, unknown>> =>
    (await node.call(bootstrap, 'GET', `/tokens/${String(id)}`)).body;

  it('T-03 refuses a revoked token in whatever form it is sent again', async () => {
    const { body } = await create();
    const secret = String(body['token']);
    await node.call(bootstrap, 'DELETE', `/tokens/${String(body['id'])}`);
    expect(node.verify(secret)).toBe('token_revoked');
    expect(node.verify(secret, 'alice')).toBe('token_revoked');
    for (const form of [
      `${secret}\n`,
      `${secret}==`,
      `${secret} `,
      secret.toUpperCase(),
      `%72${secret.slice(1)}`,
    ]) {
      expect(node.verify(form)).toBe('token_malformed');
    }
  });

  it('T-11 refuses a wrong checksum without a look-up', () => {
    const snapshot = { version: 0, values: [] };
    const verifier = node.app.get(TokenVerifier);
    const wrong = `rgt_${'a'.repeat(46)}`;
    expect(verifier.verify(wrong, undefined, snapshot, 0)).toEqual({ refused: 'token_malformed' });
  });

  it('tells unknown, expired and another owner apart', async () => {
    const { body } = await create({ expiresInDays: 1 });
    const end = Date.parse(String(body['expiresAt']));
    await node.dataSource.query('UPDATE api_tokens SET last_used_ip = NULL');
    expect(node.verify(body['token'], undefined, end - 1)).toBe(body['id']);
    expect(node.verify(body['token'], undefined, end)).toBe('token_expired');
    expect(node.verify(body['token'], 'ALICE')).toBe(body['id']);
    expect(node.verify(body['token'], 'bob')).toBe('token_owner_mismatch');
    expect(node.verify(body['token'], '')).toBe('token_owner_mismatch');
    const other = await create();
    await node.changeFeed.change(
      (manager) => manager.query('DELETE FROM api_tokens WHERE id = $1', [other.body['id']]),
      () => ({ topic: 'api-tokens', key: String(other.body['id']), by: 'test', target: 'tokens' }),
    );
    expect(node.verify(other.body['token'])).toBe('token_unknown');
  });

  it('works with the old and the new secret until the overlap ends, as the same token', async () => {
    const made = await create({ expiresInDays: 10 });
    const rotated = await rotate(made.body['id'], { overlapSeconds: 60 });
    const id = made.body['id'];
    expect(rotated).toMatchObject({ status: 201, body: { id, name: 'ci', status: 'active' } });
    expect(rotated.body['token']).not.toBe(made.body['token']);
    expect(rotated.body['prefix']).toBe(String(rotated.body['token']).slice(0, 12));
    expect(node.verify(rotated.body['token'])).toBe(id);
    expect(node.verify(made.body['token'])).toBe(id);
    expect(node.verify(made.body['token'], undefined, Date.now() + MINUTE)).toBe('token_revoked');
    expect(node.verify(rotated.body['token'], undefined, Date.now() + MINUTE)).toBe(id);
    const life =
      Date.parse(String(rotated.body['expiresAt'])) - Date.parse(String(rotated.body['rotatedAt']));
    expect(life).toBe(10 * DAY);
  });

  it('ends the old secret at once without an overlap, and both with a revocation', async () => {
    const made = await create();
    const rotated = await rotate(made.body['id'], {});
    expect(node.verify(made.body['token'])).toBe('token_revoked');
    const again = await rotate(made.body['id'], { overlapSeconds: 3600 });
    expect(node.verify(made.body['token'])).toBe('token_unknown');
    await node.call(bootstrap, 'DELETE', `/tokens/${String(made.body['id'])}`);
    expect([rotated, again].map(({ body }) => node.verify(body['token']))).toEqual(
      Array(2).fill('token_revoked'),
    );
    expect((await rotate(made.body['id'], { overlapSeconds: -1 })).status).toBe(400);
    expect((await rotate(made.body['id'], { overlapSeconds: 2_592_001 })).status).toBe(400);
  });

  it('notes when and from where a token was used, and who still uses the old secret', async () => {
    const made = await create();
    const id = String(made.body['id']);
    await rotate(id, { overlapSeconds: 60 });
    const verifier = node.app.get(TokenVerifier);
    const [first, second] = [Date.parse('2026-03-01T10:00:00.123Z'), Date.parse('2026-03-01T11:00:00Z')];
    verifier.noteUse(id, '192.0.2.7', first, true);
    expect(await show(id)).toMatchObject({
      lastUsedAt: '2026-03-01T10:00:00.123Z',
      lastUsedIp: '192.0.2.7',
      previousLastUsedAt: '2026-03-01T10:00:00.123Z',
    });
    verifier.noteUse(id, '2001:db8::1', second);
    expect(await show(id)).toMatchObject({
      lastUsedAt: '2026-03-01T11:00:00.000Z',
      lastUsedIp: '2001:db8::1',
    });
    verifier.noteUse(id, '192.0.2.9', first);
    expect(await show(id)).toMatchObject({
      lastUsedAt: '2026-03-01T11:00:00.000Z',
      lastUsedIp: '2001:db8::1',
      previousLastUsedAt: '2026-03-01T10:00:00.123Z',
    });
  });

  it('keeps noted uses while the database is away, and writes them when it is back', async () => {
    const id = String((await create()).body['id']);
    const recorder = node.app.get(TokenUseRecorder);
    const query = jest.spyOn(node.dataSource, 'query').mockRejectedValue(new Error('connection lost'));
    recorder.note(id, '192.0.2.7', 1000);
    await recorder.flush();
    recorder.note(id, '192.0.2.8', 2000);
    await recorder.flush();
    query.mockRestore();
    expect(await show(id)).toMatchObject({ lastUsedAt: '1970-01-01T00:00:02.000Z', lastUsedIp: '192.0.2.8' });
  });

  it('writes noted uses when the application stops', async () => {
    const id = String((await create()).body['id']);
    node.app.get(TokenUseRecorder).note(id, '192.0.2.7', 1000);
    await node.app.close();
    const rows = await node.dataSource.query<unknown[]>('SELECT last_used_ip FROM api_tokens');
    expect(rows).toEqual([{ last_used_ip: '192.0.2.7' }]);
  });

  it('T-01 refuses on every node what was revoked on one', async () => {
    const made = [await create(), await create({ username: 'bob' }), await create({ username: 'bob' })];
    const other = await TokenNode.start(url, surroundings);
    try {
      expect(made.map(({ body }) => other.verify(body['token']))).toEqual(made.map(({ body }) => body['id']));
      const rotated = await rotate(made[1]?.body['id'], {});
      await node.call(bootstrap, 'DELETE', `/tokens/${String(made[0]?.body['id'])}`);
      await untilEqual(() => other.verify(made[0]?.body['token']), 'token_revoked');
      await untilEqual(() => other.verify(rotated.body['token']), made[1]?.body['id']);
      expect(other.verify(made[1]?.body['token'])).toBe('token_revoked');
      await node.call(bootstrap, 'DELETE', '/tokens?username=bob');
      await untilEqual(() => other.verify(rotated.body['token']), 'token_revoked');
      await untilEqual(() => other.verify(made[2]?.body['token']), 'token_revoked');
    } finally {
      await other.stop();
    }
  });
});

/** Waits for another node, at most the 5 s within which a revocation must be in force everywhere. */
async function untilEqual(read: () => unknown, expected: unknown): Promise<void> {
  const end = Date.now() + 5000;
  while (read() !== expected && Date.now() < end) await new Promise((resolve) => setTimeout(resolve, 20));
  expect(read()).toBe(expected);
}

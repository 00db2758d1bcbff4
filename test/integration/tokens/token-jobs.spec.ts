import { TokenJobs } from '../../../src/modules/tokens/token-jobs.service.js';
import { bootstrap, startWorld } from './token-world.js';
import type { TokenNode } from './token-world.js';

const DAY = 86_400_000;

describe('what is done with tokens by the clock', () => {
  let node: TokenNode;
  let jobs: TokenJobs;
  let stop: () => Promise<void>;
  const start = Date.now();

  beforeEach(async () => {
    ({ node, stop } = await startWorld());
    jobs = node.app.get(TokenJobs);
  });

  afterEach(() => stop());

  const create = async (expiresInDays: number | null): Promise<Record<string, unknown>> => {
    const body = { username: 'alice', name: `t${String(expiresInDays)}`, scope: 'read', expiresInDays };
    return (await node.call(bootstrap, 'POST', '/tokens', body)).body;
  };
  const names = async (): Promise<unknown[]> => {
    const { body } = await node.call(bootstrap, 'GET', '/tokens');
    return (body['items'] as { name: string }[]).map(({ name }) => name);
  };

  it('deletes tokens some days after they expired or were revoked, from memory too', async () => {
    await node.call(bootstrap, 'PUT', '/token-settings', { deleteExpiredAfterDays: 10 });
    const [short, , revoked] = [await create(1), await create(null), await create(60)];
    await node.call(bootstrap, 'DELETE', `/tokens/${String(revoked?.['id'])}`);
    expect(await jobs.deleteOldTokens(start + 9 * DAY)).toBe(0);
    expect(await jobs.deleteOldTokens(start + 10.5 * DAY)).toBe(1);
    expect(node.verify(revoked?.['token'])).toBe('token_unknown');
    expect(node.verify(short?.['token'], undefined, start + 5 * DAY)).toBe('token_expired');
    expect(await jobs.deleteOldTokens(start + 12 * DAY)).toBe(1);
    expect(await names()).toEqual(['tnull']);
    expect(node.changes.at(-1)).toMatchObject({ by: 'restgate', target: 'tokens', after: { deleted: 1 } });
  });

  it('deletes nothing when the settings say never', async () => {
    await node.call(bootstrap, 'PUT', '/token-settings', { deleteExpiredAfterDays: null });
    await create(1);
    expect(await jobs.deleteOldTokens(start + 5000 * DAY)).toBe(0);
    expect(await names()).toEqual(['t1']);
  });

  it('warns once at 30, 7 and 1 days before the end of a token, and not of a life that short', async () => {
    const { id } = await create(60);
    await create(5);
    await create(null);
    const warned = async (days: number): Promise<unknown[]> => {
      node.events.length = 0;
      const count = await jobs.warnOfExpiring(start + days * DAY);
      expect(await jobs.warnOfExpiring(start + days * DAY)).toBe(0);
      expect(node.events).toHaveLength(count);
      return node.events.map(({ target, detail }) => [target, /in (\d+ days?)/.exec(detail ?? '')?.[1]]);
    };
    expect(await warned(0)).toEqual([]);
    expect(await warned(2)).toEqual([]);
    expect(await warned(31)).toEqual([[`tokens/${String(id)}`, '30 days']]);
    expect(await warned(40)).toEqual([]);
    expect(await warned(53.5)).toEqual([[`tokens/${String(id)}`, '7 days']]);
    expect(await warned(59.5)).toEqual([[`tokens/${String(id)}`, '1 day']]);
    expect(await warned(61)).toEqual([]);
  });

  it('warns only of the nearest threshold when nobody looked for long, and never of revoked tokens', async () => {
    await create(60);
    const { id } = await create(61);
    await node.call(bootstrap, 'DELETE', `/tokens/${String(id)}`);
    expect(await jobs.warnOfExpiring(start + 59.9 * DAY)).toBe(1);
    expect(node.events[0]).toMatchObject({ category: 'admin', user: 'Alice', credentialName: 't60' });
  });

  it('leaves the work to the node that has begun it', async () => {
    await create(60);
    await node.dataSource.transaction(async (other) => {
      await other.query('SELECT pg_advisory_xact_lock(7215021), pg_advisory_xact_lock(7215022)');
      expect(await jobs.warnOfExpiring(start + 59.9 * DAY)).toBe(0);
      expect(await jobs.deleteOldTokens(start + 500 * DAY)).toBe(0);
    });
    expect(await jobs.deleteOldTokens(start + 500 * DAY)).toBe(1);
  });
});

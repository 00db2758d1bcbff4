import { jest } from '@jest/globals';
import type { CredentialKind, StepResult } from '../../../src/modules/decisions/exchange.port.js';
import { deny, forwardNow, runStep } from '../../../src/modules/decisions/pipeline.port.js';
import { exchange, user } from '../../factories/exchange.js';
import { RateLimitBench, token } from '../../support/rate-limit/factories.js';

const second = { value: 1, unit: 'second' } as const;
const hour = { value: 1, unit: 'hour' } as const;

describe('the rate-limit step', () => {
  let bench: RateLimitBench;
  let elapsed: number;

  beforeEach(() => {
    elapsed = 1000;
    jest.spyOn(performance, 'now').mockImplementation(() => elapsed);
    bench = new RateLimitBench();
  });

  afterEach(() => jest.restoreAllMocks());

  const outcomes = async (times: number, principal = token()): Promise<string[]> => {
    const seen: string[] = [];
    for (let i = 0; i < times; i++) {
      const { result } = await bench.ask(principal);
      seen.push(result?.verdict === 'deny' ? result.reason : 'ok');
    }
    return seen;
  };

  it('does nothing while rate limiting is off', async () => {
    bench.settings.set({ enabled: false, requests: 1 });
    expect(await outcomes(3)).toEqual(['ok', 'ok', 'ok']);
    expect((await bench.ask(token())).fields).toEqual([]);
  });

  it('answers without a promise when it counts in the process', () => {
    bench.settings.set({ requests: 1 });
    const result = bench.guard.decide({
      ...({ answerHeaders: [], snapshot: bench.settings.current, dryRun: false, time: 0 } as never as object),
      principal: token(),
      credential: { kind: 'api-token', form: 'bearer', secret: '' },
    } as never);
    expect(result).toBeUndefined();
  });

  it('allows as many as the limit says, then refuses with the time to wait', async () => {
    bench.settings.set({ requests: 2, window: hour });
    expect(await outcomes(3)).toEqual(['ok', 'ok', 'rate_limited']);
    elapsed += 1_800_000;
    const { result, headers } = await bench.ask(token());
    expect(result).toMatchObject({ reason: 'rate_limited', retryAfterSeconds: 1800 });
    expect(headers['RateLimit']).toBe('"default";r=0;t=1800');
  });

  it('counts refused requests too', async () => {
    bench.settings.set({ requests: 1, window: second });
    await outcomes(1);
    elapsed += 900;
    expect(await outcomes(1)).toEqual(['rate_limited']);
    elapsed += 900;
    expect(await outcomes(1)).toEqual(['rate_limited']);
    elapsed += 1000;
    expect(await outcomes(1)).toEqual(['ok']);
  });

  it('covers the chosen kinds only', async () => {
    bench.settings.set({ requests: 1, credentials: ['api-token', 'pat'] });
    expect(await outcomes(2, user({ credential: { kind: 'oauth' } }))).toEqual(['ok', 'ok']);
    expect(await outcomes(2, user({ credential: { kind: 'pat' } }))).toEqual(['ok', 'rate_limited']);
  });

  it('throws, which refuses the request, when a covered credential has no principal', () => {
    bench.settings.set({ requests: 1 });
    const request = {
      credential: { kind: 'api-token' },
      snapshot: bench.settings.current,
      principal: undefined,
    };
    expect(() => bench.guard.decide(request as never)).toThrow(/without a principal/);
  });

  it('only looks in a dry run', async () => {
    bench.settings.set({ requests: 1 });
    for (let i = 0; i < 3; i++) expect((await bench.ask(token(), { dryRun: true })).result).toBeUndefined();
    await outcomes(1);
    const { result } = await bench.ask(token(), { dryRun: true });
    expect(result).toMatchObject({ reason: 'rate_limited' });
    const { headers } = await bench.ask(token('t2'), { dryRun: true });
    expect(headers['X-RateLimit-Remaining']).toBe('1');
    expect(await bench.registry.metrics()).toContain('restgate_rate_limited_total{reason="default"} 0');
  });

  it('counts kinds and users apart', async () => {
    bench.settings.set({ requests: 1, credentials: ['oauth', 'basic'] });
    for (const kind of ['oauth', 'basic'] as const) {
      for (const username of ['alice', 'bob']) {
        expect(await outcomes(2, user({ username, credential: { kind } }))).toEqual(['ok', 'rate_limited']);
      }
    }
  });

  it('L-01 keeps one window per token, however the field is spelled and wherever it leads', async () => {
    bench.settings.set({ requests: 2 });
    const spellings = [
      {
        credential: { kind: 'api-token', form: 'bearer', secret: 'rgt_x' } as const,
        policyPath: '/rest/api/2/a',
      },
      {
        credential: { kind: 'api-token', form: 'basic', secret: 'rgt_x==' } as const,
        policyPath: '/rest/api/2/b',
      },
      {
        credential: { kind: 'api-token', form: 'x-api-token', secret: 'rgt_x' } as const,
        clientIp: '192.0.2.9',
      },
    ];
    const seen = [];
    for (const spelling of spellings)
      seen.push((await bench.ask(token('t1', { username: 'alice' }), spelling)).result);
    expect(seen).toEqual([undefined, undefined, expect.objectContaining({ reason: 'rate_limited' })]);
  });

  it('L-03 counts callers without a credential by address, a flood from one /64 together', async () => {
    bench.settings.set({ requests: 2, credentials: ['none'] });
    const flood = ['2001:db8:1:1::1', '2001:db8:1:1:a:b:c:d', '2001:0DB8:1:1:ffff::9'];
    const seen = [];
    for (const address of flood) seen.push((await bench.askAsNobody(address)).result);
    expect(seen).toEqual([undefined, undefined, expect.objectContaining({ reason: 'rate_limited' })]);
    expect((await bench.askAsNobody('2001:db8:1:2::1')).result).toBeUndefined();
    for (const address of ['192.0.2.1', '192.0.2.2'])
      expect((await bench.askAsNobody(address)).headers['X-RateLimit-Remaining']).toBe('1');
  });

  it('limits callers without a credential only when they are covered, and never as somebody’s user or token', async () => {
    bench.settings.set({ requests: 1 });
    for (let i = 0; i < 3; i++) expect((await bench.askAsNobody('192.0.2.1')).fields).toEqual([]);
    bench.settings.set({ requests: 1, credentials: ['none', 'oauth', 'api-token'] });
    expect(await outcomes(1, user({ username: '192.0.2.1', credential: { kind: 'oauth' } }))).toEqual(['ok']);
    expect(await outcomes(1, token('192.0.2.1'))).toEqual(['ok']);
    expect((await bench.askAsNobody('192.0.2.1')).result).toBeUndefined();
    expect((await bench.askAsNobody('192.0.2.1')).result).toMatchObject({
      reason: 'rate_limited',
      hint: expect.stringContaining('send a token'),
    });
  });

  it('only looks at an anonymous call in a dry run', async () => {
    bench.settings.set({ requests: 1, credentials: ['none'] });
    for (let i = 0; i < 3; i++)
      expect((await bench.askAsNobody('192.0.2.1', { dryRun: true })).result).toBeUndefined();
    await bench.askAsNobody('192.0.2.1');
    const { result } = await bench.askAsNobody('192.0.2.1', { dryRun: true });
    expect(result).toMatchObject({ reason: 'rate_limited' });
  });

  it.each(['bypassed', 'session', 'passed-through'] as const)(
    'throws when a covered call without a user was let through as %s: it must not count as nobody’s',
    async (kind) => {
      bench.settings.set({ requests: 1, credentials: ['none'] });
      const decision = forwardNow(kind);
      await expect(bench.askAsNobody('192.0.2.1', { decision })).rejects.toThrow(/without a principal/);
    },
  );

  it('judges what was let through anonymously, and leaves every other decision as it is', async () => {
    bench.settings.set({ requests: 1, credentials: ['none', 'session'] });
    const run = async (decision: StepResult, kind: CredentialKind): Promise<StepResult> => {
      const credential = { kind, form: 'none', secret: '' } as const;
      const request = exchange({ snapshot: bench.settings.current, decision, credential });
      await runStep(bench.guard, request);
      return request.decision;
    };
    const anonymous = forwardNow('anonymous');
    expect(await run(anonymous, 'none')).toBe(anonymous);
    expect(await run(anonymous, 'none')).toMatchObject({ verdict: 'deny', reason: 'rate_limited' });
    for (const kind of ['bypassed', 'passed-through'] as const)
      for (let i = 0; i < 2; i++) expect(await run(forwardNow(kind), 'none')).toBe(forwardNow(kind));
    for (let i = 0; i < 2; i++)
      expect(await run(forwardNow('session'), 'session')).toBe(forwardNow('session'));
    const refused = deny('authentication_required');
    expect(await run(refused, 'none')).toBe(refused);
  });

  it('lists addresses that are over, and never lets a flood of them push users out of the list', async () => {
    bench.settings.set({ requests: 1, credentials: ['none', 'api-token'] });
    await outcomes(2, token('t1'));
    for (let i = 0; i < 12_000; i++) await bench.askAsNobody(`2001:db8:${i.toString(16)}::1`);
    await bench.askAsNobody('2001:db8:1:2::3');
    await bench.askAsNobody('2001:db8:1:2::4');
    const items = await bench.usage.list(500, Date.now());
    expect(items.slice(0, 2)).toMatchObject([
      { kind: 'none', user: null, tokenId: null, name: null, address: '2001:db8:1:2::/64', overCount: 1 },
      { kind: 'api-token', user: 'alice', tokenId: 't1', address: null, overCount: 1 },
    ]);
  });

  it('L-05 answers 429 with Retry-After and the fields of the draft and of Jira, on allowed answers too', async () => {
    bench.settings.set({ requests: 1, window: { value: 2, unit: 'minute' } });
    const allowed = await bench.ask(token());
    const same = {
      'RateLimit-Policy': '"default";q=1;w=120',
      'X-RateLimit-Limit': '1',
      'X-RateLimit-Interval-Seconds': '120',
    };
    const fields = {
      ...same,
      'X-RateLimit-FillRate': '1',
      RateLimit: '"default";r=0;t=120',
      'X-RateLimit-Remaining': '0',
    };
    expect(allowed).toMatchObject({ result: undefined, headers: fields });
    elapsed += 10_000;
    expect(await bench.ask(token())).toMatchObject({ result: { retryAfterSeconds: 120 }, headers: fields });
  });

  it('L-07 decides before the body is read', async () => {
    bench.settings.set({ requests: 1 });
    const readForm = jest.fn<() => Promise<string>>();
    await bench.ask(token(), { readForm });
    expect((await bench.ask(token(), { readForm })).result).toMatchObject({ reason: 'rate_limited' });
    expect(readForm).not.toHaveBeenCalled();
  });

  it('L-09 applies a lowered limit to the next request, with nothing negative', async () => {
    bench.settings.set({ requests: 100, window: hour });
    await outcomes(50);
    bench.settings.set({ requests: 10, window: hour });
    const { result, headers } = await bench.ask(token());
    expect(result).toMatchObject({ reason: 'rate_limited' });
    expect(headers['X-RateLimit-Remaining']).toBe('0');
  });

  it('keeps the count when the limit is raised', async () => {
    bench.settings.set({ requests: 10, window: hour });
    await outcomes(10);
    bench.settings.set({ requests: 15, window: hour });
    expect(await outcomes(6)).toEqual([...Array<string>(5).fill('ok'), 'rate_limited']);
  });

  it('is not moved by the wall clock', async () => {
    bench.settings.set({ requests: 1, window: hour });
    await outcomes(1);
    const far = Date.now() + 86_400_000;
    expect((await bench.ask(token(), { time: far })).result).toMatchObject({ reason: 'rate_limited' });
    expect((await bench.ask(token('t2'), { time: 0 })).result).toBeUndefined();
  });

  it('lists who is near or over, now and over the last day, and counts reasons without names', async () => {
    bench.settings.set({
      requests: 5,
      window: hour,
      overrides: [{ tokenId: 't2', requests: 2, window: hour }],
    });
    await outcomes(3, token('far'));
    await outcomes(4, token('t1'));
    await outcomes(5, token('t2', { username: 'bob' }));
    const items = await bench.usage.list(10, Date.now());
    expect(items).toMatchObject([
      {
        kind: 'api-token',
        tokenId: 't2',
        user: 'bob',
        rule: 'token',
        limit: 2,
        used: 2,
        remaining: 0,
        overCount: 3,
        status: 'over',
      },
      {
        tokenId: 't1',
        name: 'ci',
        user: 'alice',
        limit: 5,
        used: 4,
        remaining: 1,
        windowSeconds: 3600,
        overCount: 0,
        status: 'near',
      },
    ]);
    expect(await bench.usage.list(1, Date.now())).toHaveLength(1);
    expect(await bench.usage.list(10, Date.now() + 90_000_000)).toEqual([]);
    const text = await bench.registry.metrics();
    expect(text).toContain('restgate_rate_limited_total{reason="token"} 3');
    expect(text).not.toContain('t2');
  });
});

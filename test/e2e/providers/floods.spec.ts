import { randomBytes } from 'node:crypto';
import { Pool } from 'undici';
import { isRefusal, TOKEN_VERIFIER } from '../../../src/modules/providers/providers.port.js';
import type { TokenVerifierPort } from '../../../src/modules/providers/providers.port.js';
import { TokenCache } from '../../../src/modules/providers/token-cache.service.js';
import { TokenVerifier } from '../../../src/modules/providers/token-verifier.service.js';
import { callsOf } from '../../support/dataplane.js';
import { startFakeProvider } from '../../support/oidc/fake-provider.js';
import { newSigningKey } from '../../support/oidc/jwt.js';
import { startWorld } from '../../support/world.js';
import type { World } from '../../support/world.js';

const MYSELF = '/jira/rest/api/2/myself';
const AT_ONCE = 1000;
const GARBAGE_OVER_HTTP = 5000;
const GARBAGE_IN_PROCESS = 45_000;
const PAUSE_OF_UNKNOWN_KEYS_MS = 30_000;
const MOST_REFUSED = 10_000;
const MOST_VERIFIED_AT_ONCE = 1000;

async function many(count: number, atOnce: number, one: (index: number) => Promise<void>): Promise<void> {
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < count) await one(next++);
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
}

function freezeClock(): { advance(ms: number): void; release(): void } {
  let now = Date.now();
  const spy = jest.spyOn(Date, 'now').mockImplementation(() => now);
  return { advance: (ms) => void (now += ms), release: () => spy.mockRestore() };
}

describe('floods of opaque tokens', () => {
  it('1 000 requests at once with one new token ask the provider once', async () => {
    const world = await startWorld({ withoutProvider: true });
    const fake = await startFakeProvider();
    try {
      fake.serveDiscovery([]);
      fake.on('/introspect', {
        delayMs: 1000,
        body: {
          active: true,
          token_type: 'Bearer',
          client_id: 'restgate',
          preferred_username: 'alice',
          sub: '1',
        },
      });
      await world.gateway.admin.call('POST', '/providers', {
        name: 'Slow',
        preset: 'custom-oidc',
        issuer: fake.url,
        clientId: 'restgate',
        clientSecret: 'secret',
        validation: 'introspection',
        usernameAttribute: 'preferred_username',
      });
      const pool = new Pool(world.gateway.url, { connections: AT_ONCE, pipelining: 1 });
      const headers = { authorization: `Bearer ${randomBytes(24).toString('base64url')}` };
      const answers = await Promise.all(
        Array.from({ length: AT_ONCE }, async () => {
          const { statusCode, body } = await pool.request({ method: 'GET', path: MYSELF, headers });
          return `${statusCode} ${((await body.json()) as { name?: string }).name}`;
        }),
      );
      await pool.close();
      expect([...new Set(answers)]).toEqual(['200 alice']);
      expect(fake.count('/introspect')).toBe(1);
      expect(callsOf(world.jira)).toHaveLength(AT_ONCE);
    } finally {
      await world.stop();
      await fake.close();
    }
  }, 120_000);
});

describe('floods of garbage', () => {
  let world: World;
  let good: string;
  const strangeKey = newSigningKey();
  const verifier = (): TokenVerifierPort => world.gateway.restgate.app.get<TokenVerifierPort>(TOKEN_VERIFIER);
  const b64 = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');

  /** Every token is another one: of an unknown key, with a wrong signature, opaque, of another issuer, or broken. */
  const garbage = (index: number): string => {
    const random = randomBytes(12).toString('base64url');
    const claims = world.provider.accessTokenClaims('alice', { jti: random });
    const unsigned = (header: object, body: object) =>
      `${b64(header)}.${b64(body)}.${randomBytes(256).toString('base64url')}`;
    const { kid } = world.provider.signingKey;
    switch (index % 5) {
      case 0:
        return unsigned({ alg: 'RS256', typ: 'at+jwt', kid: random }, claims);
      case 1:
        return unsigned({ alg: 'RS256', typ: 'at+jwt', kid }, claims);
      case 2:
        return `opaque-${random}`;
      case 3:
        return unsigned(
          { alg: 'RS256', typ: 'at+jwt', kid: strangeKey.kid },
          { ...claims, iss: `https://${random}.test` },
        );
      default:
        return `${random}.${random}.${random}`;
    }
  };

  beforeAll(async () => {
    world = await startWorld();
    good = await world.provider.fetchJwt('alice');
    await world.gateway.admin.call('PUT', '/rate-limit', { failedAuthentications: { perMinute: 1_000_000 } });
  }, 60_000);
  afterEach(() => jest.restoreAllMocks());
  afterAll(() => world?.stop(), 60_000);

  it('50 000 garbage tokens make one key fetch in 30 s, and what is remembered stays bounded', async () => {
    expect(isRefusal(await verifier().verify(good))).toBe(false);
    const clock = freezeClock();
    world.provider.clearCounters();
    const pool = new Pool(world.gateway.url, { connections: 50, pipelining: 1 });
    const statuses = new Set<number>();
    await many(GARBAGE_OVER_HTTP, 50, async (index) => {
      const headers = { authorization: `Bearer ${garbage(index)}` };
      const { statusCode, body } = await pool.request({ method: 'GET', path: MYSELF, headers });
      await body.dump();
      statuses.add(statusCode);
    });
    await pool.close();
    expect([...statuses]).toEqual([401]);
    const accepted: string[] = [];
    await many(GARBAGE_IN_PROCESS, 500, async (index) => {
      const token = garbage(index);
      if (!isRefusal(await verifier().verify(token))) accepted.push(token);
    });
    expect(accepted).toEqual([]);
    expect(world.provider.count('jwks')).toBe(1);
    expect(world.provider.count('introspection') + world.provider.count('userinfo')).toBe(0);
    expect(callsOf(world.jira)).toEqual([]);
    const { app } = world.gateway.restgate;
    expect(app.get(TokenCache)['refused'].size).toBeLessThanOrEqual(MOST_REFUSED);
    expect(app.get(TokenCache)['accepted'].size).toBe(1);
    expect(app.get(TokenVerifier)['flights'].size).toBe(0);
    clock.advance(PAUSE_OF_UNKNOWN_KEYS_MS);
    await many(100, 100, async (index) => void (await verifier().verify(garbage(index))));
    expect(world.provider.count('jwks')).toBe(2);
    expect(isRefusal(await verifier().verify(good))).toBe(false);
  }, 200_000);

  it('more garbage at once than is verified at once is refused without waiting', async () => {
    const all = Array.from({ length: 3 * MOST_VERIFIED_AT_ONCE }, (_, index) =>
      Promise.resolve(verifier().verify(garbage(5 * index))),
    );
    expect(world.gateway.restgate.app.get(TokenVerifier)['flights'].size).toBe(MOST_VERIFIED_AT_ONCE);
    const refusals = (await Promise.all(all)).map((each) => isRefusal(each) && each.refused);
    expect(refusals.filter((each) => each === 'provider_unavailable')).toHaveLength(
      2 * MOST_VERIFIED_AT_ONCE,
    );
    expect(refusals.filter((each) => each === 'oauth_token_rejected')).toHaveLength(MOST_VERIFIED_AT_ONCE);
  });
});

describe.each(['introspection', 'userinfo'] as const)(
  'a token that its provider took back, with %s',
  (validation) => {
    let world: World;
    beforeAll(async () => {
      world = await startWorld({ validation });
    }, 60_000);
    afterAll(() => world?.stop());

    it('stops working within 60 s', async () => {
      const token = await world.provider.fetchOpaque('alice');
      const ask = async () =>
        (await fetch(world.gateway.url + MYSELF, { headers: { Authorization: `Bearer ${token}` } })).status;
      const clock = freezeClock();
      try {
        expect(await ask()).toBe(200);
        await world.provider.revoke(token);
        clock.advance(60_000);
        expect(await ask()).toBe(401);
      } finally {
        clock.release();
      }
    });
  },
);

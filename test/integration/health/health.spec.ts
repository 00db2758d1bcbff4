import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { HEALTH } from '../../../src/modules/health/health.port.js';
import type { CheckResult, HealthPort } from '../../../src/modules/health/health.port.js';
import type { ReadinessView } from '../../../src/modules/health/dto/health-view.dto.js';
import type { SystemView } from '../../../src/modules/health/dto/system-view.dto.js';
import { ADMIN_TOKEN, createControlApp } from '../../support/control-plane/control-app.js';

const bearer = { authorization: `Bearer ${ADMIN_TOKEN}` };
let databaseIsUp: boolean;
let listening: boolean;
let app: NestFastifyApplication | undefined;

async function query<T>(sql: string): Promise<T> {
  if (!databaseIsUp)
    throw Object.assign(new Error('connect ECONNREFUSED 10.1.2.3:5432'), { code: 'ECONNREFUSED' });
  const rows = sql.startsWith('SHOW') ? [{ server_version: '15.18' }] : [{ name: 'Settings1763700000000' }];
  return rows as T;
}

async function start(
  config: { metricsPublic?: boolean; redisUrl?: string } = {},
): Promise<NestFastifyApplication> {
  const changeFeedService = {
    get listening(): boolean {
      return listening;
    },
  };
  app = await createControlApp({ config, dataSource: { query }, changeFeedService });
  return app;
}

beforeEach(() => {
  databaseIsUp = true;
  listening = true;
});
afterEach(async () => {
  await app?.close();
  app = undefined;
});

async function ready(): Promise<{ status: number; body: ReadinessView; text: string }> {
  const answer = await app!.inject('/restgate/health/ready');
  return { status: answer.statusCode, body: answer.json(), text: answer.body };
}

describe('readiness', () => {
  it('names each dependency, and is public', async () => {
    await start();
    expect(await ready()).toMatchObject({
      status: 200,
      body: {
        status: 'ok',
        checks: { database: { status: 'up', required: true }, 'change-feed': { status: 'up' } },
      },
    });
  });

  it('says of each dependency what it means when it is down', async () => {
    await start({ redisUrl: 'redis://127.0.0.1:6379' });
    const { checks } = (await app!.inject('/restgate/health/ready')).json<{
      checks: Record<string, { effect?: string }>;
    }>();
    const silent = Object.entries(checks).filter(([, { effect }]) => !/^[A-Z].{20,}\.$/.test(effect ?? ''));
    expect(silent.map(([name]) => name)).toEqual([]);
    expect(Object.keys(checks).length).toBeGreaterThan(1);
  });

  it('is 503 while the database is away, without telling where it is', async () => {
    databaseIsUp = false;
    await start();
    const { status, body, text } = await ready();
    expect([status, body.status, body.checks['database']?.status]).toEqual([503, 'unavailable', 'down']);
    expect(text).not.toContain('10.1.2.3');
  });

  it('is degraded, and still 200, while changes of other nodes may be missed', async () => {
    listening = false;
    await start();
    const { status, body } = await ready();
    expect([status, body.status, body.checks['change-feed']?.status]).toEqual([200, 'degraded', 'down']);
  });

  it('asks what features registered, and takes a check that throws for down', async () => {
    const health = (await start()).get<HealthPort>(HEALTH);
    health.register('providers', () => ({ ok: true, warnings: ['One provider has no JWKS.'] }));
    health.register('redis', (): CheckResult => {
      throw new Error('redis://secret@10.0.0.1');
    });
    const { status, body, text } = await ready();
    expect([status, body.status]).toEqual([200, 'degraded']);
    expect(body.checks['providers']).toEqual({
      status: 'degraded',
      required: false,
      warnings: ['One provider has no JWKS.'],
    });
    expect(body.checks['redis']).toMatchObject({ status: 'down', detail: 'It cannot be reached.' });
    expect(text).not.toContain('secret');
  });

  it('does not ask again for every request', async () => {
    const health = (await start()).get<HealthPort>(HEALTH);
    let asked = 0;
    health.register('counted', () => ({ ok: ++asked > 0 }));
    await Promise.all([ready(), ready(), ready()]);
    expect(asked).toBe(1);
  });

  it('refuses two checks of one name', async () => {
    const health = (await start()).get<HealthPort>(HEALTH);
    expect(() => health.register('database', () => ({ ok: true }))).toThrow('registered twice');
  });

  it('is off as soon as the node begins to stop; liveness stays on', async () => {
    const health = (await start()).get<HealthPort>(HEALTH);
    health.shutDown();
    expect(await ready()).toMatchObject({ status: 503, body: { status: 'shutting-down' } });
    expect((await app!.inject('/restgate/health/live')).json()).toEqual({ status: 'ok' });
  });
});

describe('metrics', () => {
  it('A-15 need a credential', async () => {
    await start();
    expect((await app!.inject('/restgate/metrics')).statusCode).toBe(401);
    const answer = await app!.inject({ url: '/restgate/metrics', headers: bearer });
    expect(answer.statusCode).toBe(200);
    expect(answer.headers['content-type']).toMatch(/^text\/plain; version=0\.0\.4/);
    expect(answer.body).toContain('restgate_health_check{check="database"} 1');
    expect(answer.body).toContain('restgate_info{version="0.0.0-test"} 1');
  });

  it('are public with METRICS_PUBLIC', async () => {
    await start({ metricsPublic: true });
    expect((await app!.inject('/restgate/metrics')).statusCode).toBe(200);
    expect((await app!.inject('/restgate/api/v1/system')).statusCode).toBe(401);
  });
});

describe('the system view', () => {
  it('tells versions, services and migrations', async () => {
    await start();
    const view = (await app!.inject({ url: '/restgate/api/v1/system', headers: bearer })).json<SystemView>();
    expect(view).toMatchObject({
      version: '0.0.0-test',
      node: process.version,
      database: { configured: false, ok: true, version: '15.18' },
      redis: { configured: false, ok: true },
      migrations: ['Settings1763700000000'],
    });
  });

  it('still answers while the database is away', async () => {
    await start({ redisUrl: 'redis://127.0.0.1:6379' });
    databaseIsUp = false;
    const view = (await app!.inject({ url: '/restgate/api/v1/system', headers: bearer })).json<SystemView>();
    expect(view.database).toEqual({ configured: false, ok: false, detail: 'It cannot be reached.' });
    expect(view.redis).toMatchObject({ configured: true, ok: false });
  });
});

describe('pages for browsers', () => {
  it('hold no inline script or style', async () => {
    await start();
    for (const url of ['/restgate', '/restgate/docs']) {
      const answer = await app!.inject(url);
      expect([answer.statusCode, answer.headers['content-type']]).toEqual([200, 'text/html; charset=utf-8']);
      expect(answer.body).not.toMatch(/<script>|<style|style=|onload=|javascript:/);
      expect(answer.headers['content-security-policy']).toContain("script-src 'self'");
    }
  });

  it('are also found with a slash at the end', async () => {
    await start();
    for (const url of ['/restgate/', '/restgate/docs/']) {
      const answer = await app!.inject(url);
      expect([answer.statusCode, answer.headers['location']]).toEqual([308, url.slice(0, -1)]);
    }
  });

  it('get the script and the style of the start page, with types that browsers run', async () => {
    await start();
    const types = ['home.js', 'home.css'].map(async (file) => {
      const answer = await app!.inject(`/restgate/${file}`);
      return [answer.statusCode, answer.headers['content-type']];
    });
    expect(await Promise.all(types)).toEqual([
      [200, 'text/javascript; charset=utf-8'],
      [200, 'text/css; charset=utf-8'],
    ]);
  });

  it('get the files of Swagger UI', async () => {
    await start();
    const script = await app!.inject('/restgate/docs/swagger-ui-bundle.js');
    expect([script.statusCode, script.headers['content-type']]).toEqual([
      200,
      'text/javascript; charset=utf-8',
    ]);
    expect(script.body.length).toBeGreaterThan(500_000);
    expect((await app!.inject('/restgate/docs/swagger-ui.css')).headers['content-type']).toMatch('text/css');
  });
});

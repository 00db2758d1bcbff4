import { Controller, Delete, Get, Post } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { Access, CurrentActor } from '../../../src/modules/access/access.port.js';
import type { Actor } from '../../../src/modules/access/access.port.js';
import { APPLICATIONS } from '../../../src/modules/applications/applications.port.js';
import type { Application } from '../../../src/modules/applications/applications.port.js';
import type {
  AuthenticationContext,
  AuthenticatorPort,
} from '../../../src/modules/credentials/credentials.port.js';
import type { Credential, Denial, Principal } from '../../../src/modules/decisions/exchange.port.js';
import { DirectoryUnavailableError } from '../../../src/modules/directory/directory.port.js';
import {
  DEFAULT_GLOBAL_SETTINGS,
  GLOBAL_SETTINGS,
} from '../../../src/modules/global-settings/global-settings.port.js';
import { initialSnapshot } from '../../../src/platform/change-feed/snapshot.js';
import type { Problem } from '../../../src/platform/http/problem.js';
import { ADMIN_TOKEN, createControlApp } from '../../support/control-plane/control-app.js';

@Controller('restgate/api/v1/doors')
class DoorsController {
  @Access('admin')
  @Post('admin')
  admin(@CurrentActor() actor: Actor): Actor {
    return actor;
  }

  @Access('auditor')
  @Get('auditor')
  auditor(@CurrentActor() actor: Actor): Actor {
    return actor;
  }

  @Access('user')
  @Get('user')
  user(@CurrentActor() actor: Actor): Actor {
    return actor;
  }

  @Access('user')
  @Delete('user')
  change(): void {}

  @Access('public')
  @Post('public')
  public(): { open: true } {
    return { open: true };
  }

  // eslint-disable-next-line no-restricted-syntax -- what happens without a declaration is what is tested
  @Get('undeclared')
  undeclared(): string {
    return 'never';
  }
}

const DOORS = '/restgate/api/v1/doors';
const asked: AuthenticationContext[] = [];
const answers: Record<string, Principal | Denial | Error> = {
  'admins-token': someone(['admins']),
  'auditors-token': someone(['auditors']),
  'users-token': someone(['staff']),
  'read-token': { ...someone(['admins']), credential: { kind: 'api-token' }, limits: { scope: 'read' } },
  unverified: { ...someone(['admins']), verified: false },
  unknown: { verdict: 'deny', reason: 'user_unknown', detail: 'mallory of provider x' },
  away: { verdict: 'deny', reason: 'provider_unavailable', retryAfterSeconds: 7 },
  'directory-away': new DirectoryUnavailableError('jira.internal refused'),
};

function someone(groups: string[]): Principal {
  return {
    username: 'alice',
    groups,
    groupKeys: new Set(groups),
    credential: { kind: 'oauth' },
    verified: true,
  };
}

const authenticator: AuthenticatorPort = {
  recognise({ authorization, apiToken, cookie }): Credential | Denial {
    if (cookie !== undefined) return { kind: 'session', form: 'cookie', secret: '' };
    if (apiToken !== undefined) return { kind: 'api-token', form: 'x-api-token', secret: apiToken };
    if (authorization === undefined) return { kind: 'none', form: 'none', secret: '' };
    if (authorization.startsWith('Basic '))
      return { kind: 'basic', form: 'basic', secret: 'pw', username: 'root' };
    return { kind: 'oauth', form: 'bearer', secret: authorization.slice('Bearer '.length) };
  },
  async authenticate(credential, context): Promise<Principal | Denial> {
    asked.push(context);
    const answer = answers[credential.secret];
    if (answer instanceof Error) throw answer;
    return (
      answer ?? {
        verdict: 'deny',
        reason: 'oauth_token_rejected',
        bearerError: 'invalid_token',
        detail: 'sub=bob',
      }
    );
  },
};

const applications = new Map<string, Application>(
  [
    { key: 'off', enabled: false, directory: { kind: 'claims' } },
    { key: 'bare', enabled: true, directory: { kind: 'application' } },
    { key: 'jira', enabled: true, directory: { kind: 'application', username: 'svc', password: 'x' } },
  ].map((application) => [application.key, application as Application]),
);

let app: NestFastifyApplication;

beforeEach(async () => {
  let snapshot = APPLICATIONS.replaceIn(initialSnapshot(), {
    byKey: applications,
    byHostname: new Map(),
    byPrefix: [],
  });
  const settings = { ...DEFAULT_GLOBAL_SETTINGS, adminGroups: ['admins'], auditorGroups: ['auditors'] };
  snapshot = GLOBAL_SETTINGS.replaceIn(snapshot, settings);
  app = await createControlApp({
    controllers: [DoorsController],
    authenticator,
    snapshot,
  });
});
afterEach(() => app.close());

async function call(method: 'GET' | 'POST' | 'DELETE', door: string, headers: Record<string, string> = {}) {
  const answer = await app.inject({ method, url: `${DOORS}/${door}`, headers });
  const body = (answer.body === '' ? {} : JSON.parse(answer.body)) as Problem & Actor;
  return { status: answer.statusCode, code: body.code, headers: answer.headers, text: answer.body, body };
}

const bearer = (token: string): Record<string, string> => ({ authorization: `Bearer ${token}` });

describe('access to the control plane', () => {
  it('answers 403 for a route that declares nobody, whoever asks', async () => {
    for (const headers of [{}, bearer(ADMIN_TOKEN)]) {
      const answer = await call('GET', 'undeclared', headers);
      expect([answer.status, answer.code]).toEqual([403, 'access_undeclared']);
    }
  });

  it('takes ADMIN_TOKEN as the bootstrap admin without asking anybody', async () => {
    const { status, body } = await call('POST', 'admin', bearer(ADMIN_TOKEN));
    expect(status).toBe(201);
    expect(body).toMatchObject({
      username: 'bootstrap-admin',
      level: 'admin',
      bootstrap: true,
      clientIp: '127.0.0.1',
    });
    expect(asked).toHaveLength(0);
  });

  it.each([
    ['admins-token', [201, 200, 200]],
    ['auditors-token', [403, 200, 200]],
    ['users-token', [403, 403, 200]],
  ])('%s opens the doors of its level', async (token, expected) => {
    const doors = [
      await call('POST', 'admin', bearer(token)),
      await call('GET', 'auditor', bearer(token)),
      await call('GET', 'user', bearer(token)),
    ];
    expect(doors.map(({ status }) => status)).toEqual(expected);
  });

  it('asks the first enabled application that has a directory', async () => {
    await call('GET', 'user', bearer('users-token'));
    expect(asked.at(-1)?.application?.key).toBe('jira');
    expect(asked.at(-1)?.dryRun).toBe(false);
  });

  it('says which level is needed', async () => {
    const { code, body, headers } = await call('POST', 'admin', bearer('users-token'));
    expect([code, body.detail]).toEqual(['access_denied', expect.stringContaining('This needs an admin.')]);
    expect(headers['www-authenticate']).toContain('insufficient_scope');
  });

  it('lets a read token only read', async () => {
    expect((await call('GET', 'user', bearer('read-token'))).status).toBe(200);
    expect((await call('DELETE', 'user', bearer('read-token'))).code).toBe('token_scope');
  });
});

describe('refused sign-ins', () => {
  it('answers 401 with a challenge to a request without credential', async () => {
    const { status, code, headers } = await call('GET', 'user');
    expect([status, code, headers['www-authenticate']]).toEqual([
      401,
      'authentication_required',
      'Bearer realm="restgate"',
    ]);
  });

  it('A-09 never takes a cookie for a credential', async () => {
    const { status, code } = await call('POST', 'admin', { cookie: 'JSESSIONID=admin' });
    expect([status, code]).toEqual([401, 'authentication_required']);
  });

  it('A-09 refuses changes that another site makes a browser send, even with a good credential', async () => {
    const evil = { ...bearer(ADMIN_TOKEN), origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' };
    expect((await call('POST', 'admin', evil)).code).toBe('cross_site');
    expect((await call('POST', 'public', { 'sec-fetch-site': 'cross-site' })).status).toBe(403);
  });

  it('A-07 tells nothing of what was in the token', async () => {
    const rejected = await call('GET', 'user', bearer('garbage'));
    expect(rejected.headers['www-authenticate']).toBe('Bearer realm="restgate", error="invalid_token"');
    expect(rejected.text).not.toMatch(/bob|garbage/);
    expect((await call('GET', 'user', bearer('unknown'))).text).not.toContain('mallory');
  });

  it('refuses passwords and principals that nobody proved', async () => {
    const basic = await call('GET', 'user', { authorization: 'Basic cm9vdDpwdw==' });
    expect([basic.status, basic.code]).toEqual([401, 'unsupported_credential']);
    expect(asked).toHaveLength(0);
    expect((await call('GET', 'user', bearer('unverified'))).status).toBe(401);
  });

  it.each([
    ['away', 'provider_unavailable', '7'],
    ['directory-away', 'directory_unavailable', '5'],
  ])('%s answers 503 with Retry-After, not an identity', async (token, code, retryAfter) => {
    const answer = await call('GET', 'user', bearer(token));
    expect([answer.status, answer.code, answer.headers['retry-after']]).toEqual([503, code, retryAfter]);
    expect(answer.text).not.toContain('jira.internal');
  });

  it('answers 429 after ten failures from one address, good credentials included', async () => {
    for (let i = 0; i < 10; i++) expect((await call('GET', 'user', bearer(`bad-${i}`))).status).toBe(401);
    const refused = await call('GET', 'user', bearer(ADMIN_TOKEN));
    expect([refused.status, refused.code]).toEqual([429, 'too_many_failures']);
    expect(Number(refused.headers['retry-after'])).toBeGreaterThan(0);
    expect((await call('POST', 'public')).status).toBe(201);
  });

  it('does not count requests without credential, or answers of services that are away', async () => {
    for (let i = 0; i < 6; i++) await call('GET', 'user');
    for (let i = 0; i < 6; i++) await call('GET', 'user', bearer('away'));
    expect((await call('GET', 'user', bearer('users-token'))).status).toBe(200);
  });
});

beforeEach(() => {
  asked.length = 0;
});

import type { MethodRuleSetting } from '../../../src/lib/method-rule.js';
import type { Exchange } from '../../../src/modules/decisions/exchange.port.js';
import {
  DEFAULT_GLOBAL_SETTINGS,
  GLOBAL_SETTINGS,
} from '../../../src/modules/global-settings/global-settings.port.js';
import type { AnonymousAccess } from '../../../src/modules/global-settings/global-settings.port.js';
import { BypassGuard } from '../../../src/modules/public-api/bypass.guard.js';
import { PublicApiGuard } from '../../../src/modules/public-api/public-api.guard.js';
import {
  compilePublicApi,
  DEFAULT_PUBLIC_API_SETTINGS,
} from '../../../src/modules/public-api/public-api-settings.policy.js';
import type { PublicApiSettings } from '../../../src/modules/public-api/public-api-settings.policy.js';
import { PUBLIC_API } from '../../../src/modules/public-api/public-api.port.js';
import { bitbucket, exchange, head, jira, snapshotWith } from '../../factories/exchange.js';

const publicApi = new PublicApiGuard();
const bypass = new BypassGuard();
const rule = (path: string, methods: string[] = [], application?: string): MethodRuleSetting => ({
  path,
  methods,
  ...(application === undefined ? {} : { application }),
});

function request(
  method: string,
  policyPath: string,
  settings: Partial<PublicApiSettings> = {},
  change: Partial<Exchange> = {},
): Exchange {
  const snapshot = snapshotWith(
    PUBLIC_API,
    compilePublicApi({ ...DEFAULT_PUBLIC_API_SETTINGS, ...settings }),
  );
  return exchange({ snapshot, head: head({ method }), policyPath, ...change });
}

function globally(asked: Exchange, anonymousAccess: AnonymousAccess): Exchange {
  return {
    ...asked,
    snapshot: GLOBAL_SETTINGS.replaceIn(asked.snapshot, { ...DEFAULT_GLOBAL_SETTINGS, anonymousAccess }),
  };
}

function outcome(asked: Exchange): string {
  const decision = publicApi.decide(asked);
  if (decision === undefined || decision instanceof Promise) return 'continue';
  return decision.verdict === 'deny' ? decision.reason : decision.kind;
}

const REFUSED = 'authentication_required';

describe('a call without credential', () => {
  it.each([
    ['GET', '/rest/api/2/serverInfo', 'anonymous'],
    ['HEAD', '/rest/api/2/serverInfo', 'anonymous'],
    ['GET', '/rest/api/latest/serverInfo', 'anonymous'],
    ['GET', '/rest/api/2.0.alpha1/serverInfo', 'anonymous'],
    ['GET', '/rest/api/2/dashboard/10000', 'anonymous'],
    ['GET', '/rest/applinks/1.0/manifest', 'anonymous'],
    ['POST', '/rest/api/2/serverInfo', REFUSED],
    ['OPTIONS', '/rest/api/2/serverInfo', REFUSED],
    ['GET', '/rest/api/2/issue/X-1', REFUSED],
    ['GET', '/rest/api/2/user', REFUSED],
    ['GET', '/rest/api/2/search', REFUSED],
    ['GET', '/rest/api/2/dashboard/10000/items', REFUSED],
    ['GET', '/rest/api/3/serverInfo', REFUSED],
    ['GET', '/rest/menu/latest/admin', REFUSED],
    ['GET', '/', REFUSED],
  ])('%s %s: %s', (method, path, expected) => {
    expect(outcome(request(method, path))).toBe(expected);
  });

  it('is public by the catalogue of its own product only', () => {
    const path = '/rest/api/latest/application-properties';
    expect(outcome(request('GET', path, {}, { application: bitbucket }))).toBe('anonymous');
    expect(outcome(request('GET', path))).toBe(REFUSED);
  });

  it('P-19 is not public when the case of its path differs', () => {
    expect(outcome(request('GET', '/REST/api/2/serverInfo'))).toBe(REFUSED);
    expect(outcome(request('GET', '/rest/api/2/serverinfo'))).toBe(REFUSED);
  });

  it('P-21 is not public when its path only begins like a public one', () => {
    expect(outcome(request('GET', '/rest/api/2/serverInfoX'))).toBe(REFUSED);
    expect(outcome(request('GET', '/rest/api/2/serverInfo/'))).toBe(REFUSED);
    expect(outcome(request('GET', '/rest/api/2/serverInfo/x'))).toBe(REFUSED);
  });

  it('P-35 is not public for a public path in its query', () => {
    const query = '?x=/rest/api/2/serverInfo';
    expect(outcome(request('GET', '/rest/api/2/user', {}, { head: head({ query }) }))).toBe(REFUSED);
  });

  it('P-47 is not public for a look-alike of a public path', () => {
    const settings = { additionalPublic: [rule('/rest/api/2/kelvin')] };
    expect(outcome(request('GET', '/rest/api/2/%E2%84%AAelvin', settings))).toBe(REFUSED);
    expect(outcome(request('GET', '/rest/api/2/kelvin', settings))).toBe('anonymous');
  });

  it('is not public when the path was not sent in its canonical form', () => {
    const sent = { head: head({ exactPath: false }) };
    expect(outcome(request('GET', '/rest/api/2/serverInfo', {}, sent))).toBe(REFUSED);
    const settings = { additionalPublic: [rule('/**')] };
    expect(outcome(request('GET', '/rest/api/2/serverInfo', settings, sent))).toBe(REFUSED);
  });

  it.each([
    [rule('/rest/api/2/project/**'), 'GET', '/rest/api/2/project/X', 'anonymous'],
    [rule('/rest/api/2/project/**', ['POST']), 'GET', '/rest/api/2/project/X', REFUSED],
    [rule('/rest/api/2/project/**', ['GET']), 'HEAD', '/rest/api/2/project/X', 'anonymous'],
    [rule('/rest/api/2/project/**', ['GET'], 'jira'), 'GET', '/rest/api/2/project/X', 'anonymous'],
    [rule('/rest/api/2/project/**', ['GET'], 'other'), 'GET', '/rest/api/2/project/X', REFUSED],
    [rule('/rest/api/2/project/**'), 'GET', '/rest/api/latest/project/X', REFUSED],
  ])('is public by an additional rule %j for %s %s: %s', (additional, method, path, expected) => {
    expect(outcome(request(method, path, { additionalPublic: [additional] }))).toBe(expected);
  });

  it('is judged by another step when it has a credential', () => {
    const credential = { kind: 'oauth', form: 'bearer', secret: 'x' } as const;
    expect(outcome(request('GET', '/rest/api/2/user', {}, { credential }))).toBe('continue');
  });
});

describe('restricted public APIs', () => {
  const restricted = { restricted: [rule('/rest/api/2/dashboard'), rule('/rest/api/2/serverInfo', ['GET'])] };

  it.each([
    '/rest/api/2/dashboard',
    '/rest/api/latest/dashboard',
    '/rest/api/2.0.alpha1/dashboard',
    '/rest/api/2/dashboard/',
    '/rest/api/2/dashboard.json',
    '/rest/api/latest/dashboard.xml',
  ])('need authentication however they are written: %s', (path) => {
    expect(outcome(globally(request('GET', path, restricted), 'application'))).toBe(REFUSED);
    expect(outcome(request('GET', path, restricted))).toBe(REFUSED);
  });

  it.each([
    ['/rest/x/@me', '/rest/x/%40me'],
    ['/rest/x/%40me', '/rest/x/@me'],
    ['/rest/x/a:b', '/rest/x/a%3Ab'],
    ['/rest/x/a%7Cb', '/rest/x/a|b'],
  ])('cannot be slipped past by escaping: %s holds for %s', (path, sent) => {
    const settings = {
      restricted: [rule(path)],
      bypass: [rule('/rest/x/**')],
      additionalPublic: [rule('/rest/x/**')],
    };
    const asked = request('GET', sent, settings);
    expect(bypass.decide(asked)).toBeUndefined();
    expect(outcome(asked)).toBe(REFUSED);
  });

  it('hold for HEAD where they hold for GET', () => {
    expect(outcome(request('HEAD', '/rest/api/2/serverInfo', restricted))).toBe(REFUSED);
  });

  it('hold when the path was not sent in its canonical form', () => {
    const sent = { head: head({ exactPath: false }) };
    const asked = globally(request('GET', '/rest/api/2/dashboard', restricted, sent), 'application');
    expect(outcome(asked)).toBe(REFUSED);
  });

  it('win over additional public ones', () => {
    const settings = {
      restricted: [rule('/rest/api/2/project/*')],
      additionalPublic: [rule('/rest/api/2/project/**')],
    };
    expect(outcome(request('GET', '/rest/api/2/project/X', settings))).toBe(REFUSED);
    expect(outcome(request('GET', '/rest/api/2/project/X/statuses', settings))).toBe('anonymous');
  });

  it('leave the rest public', () => {
    expect(outcome(request('GET', '/rest/api/2/dashboard/10000', restricted))).toBe('anonymous');
  });
});

describe('anonymous access', () => {
  const path = '/rest/api/2/issue/X-1';

  it('may be left to the application', () => {
    expect(outcome(globally(request('GET', path), 'application'))).toBe('anonymous');
  });

  it('may be switched off, for public APIs too', () => {
    expect(outcome(globally(request('GET', '/rest/api/2/serverInfo'), 'deny'))).toBe(REFUSED);
  });

  it('of an application goes before the global setting', () => {
    const open = { application: { ...jira, anonymousAccess: 'application' } as const };
    const closed = { application: { ...jira, anonymousAccess: 'deny' } as const };
    expect(outcome(globally(request('GET', path, {}, open), 'deny'))).toBe('anonymous');
    expect(outcome(globally(request('GET', path, {}, closed), 'application'))).toBe(REFUSED);
  });
});

describe('the bypass list', () => {
  const settings = { bypass: [rule('/rest/webhooks/**', ['POST'], 'jira'), rule('/rest/oauth2/**')] };
  const bypassed = (asked: Exchange): boolean => bypass.decide(asked) !== undefined;

  it.each([
    ['POST', '/rest/webhooks/1.0/x', true],
    ['POST', '/rest/webhooks', true],
    ['GET', '/rest/webhooks/1.0/x', false],
    ['POST', '/rest/webhooksX', false],
    ['GET', '/rest/oauth2/latest/token', true],
    ['GET', '/rest/api/2/myself', false],
  ])('%s %s: %s', (method, path, expected) => {
    expect(bypassed(request(method, path, settings))).toBe(expected);
  });

  it('says how the call goes on', () => {
    expect(bypass.decide(request('POST', '/rest/webhooks', settings))).toEqual({
      verdict: 'forward',
      kind: 'bypassed',
    });
  });

  it('holds for the named application only', () => {
    expect(bypassed(request('POST', '/rest/webhooks', settings, { application: bitbucket }))).toBe(false);
  });

  it('lets no path pass that was not sent in its canonical form', () => {
    expect(
      bypassed(
        request('POST', '/rest/webhooks', settings, { head: head({ method: 'POST', exactPath: false }) }),
      ),
    ).toBe(false);
  });

  it('gives way to the restricted list', () => {
    const both = { ...settings, restricted: [rule('/rest/oauth2/latest/token')] };
    expect(bypassed(request('POST', '/rest/oauth2/latest/token', both))).toBe(false);
    expect(bypassed(request('POST', '/rest/oauth2/1.0/token', both))).toBe(false);
    expect(bypassed(request('POST', '/rest/oauth2/latest/other', both))).toBe(true);
  });

  it('P-19 lets no path pass whose case differs', () => {
    expect(bypassed(request('POST', '/REST/webhooks', settings))).toBe(false);
  });
});

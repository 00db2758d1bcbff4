import { createHmac } from 'node:crypto';
import { startFakeProvider } from '../../support/oidc/fake-provider.js';
import type { FakeProvider, FakeRequest, ScriptedAnswer } from '../../support/oidc/fake-provider.js';
import { aProvider, VerifierKit } from './kit.js';
import type { ProviderFields } from './kit.js';

const now = (): number => Math.floor(Date.now() / 1000);

describe('presets whose tokens are opaque', () => {
  let idp: FakeProvider;
  let kit: VerifierKit;

  beforeEach(async () => {
    idp = await startFakeProvider();
    kit = new VerifierKit();
  });
  afterEach(async () => {
    await kit.close();
    await idp.close();
  });

  const use = (preset: string, more: ProviderFields = {}, endpoints: object = {}): void => {
    const all = { userinfo: `${idp.url}/userinfo`, introspection: `${idp.url}/check`, ...endpoints };
    kit.use(aProvider({ preset, clientSecret: 'the-secret', endpoints: all, ...more }));
  };
  const answers = (check: ScriptedAnswer, userinfo: ScriptedAnswer): void => {
    idp.on('/check', check).on('/userinfo', userinfo);
  };
  const last = (path: string): FakeRequest | undefined =>
    idp.requests.filter((request) => request.path === path).at(-1);

  describe('Google', () => {
    const info = {
      aud: 'restgate',
      azp: 'restgate',
      sub: '108',
      exp: String(now() + 3000),
      scope: 'openid email',
    };
    const alice = { sub: '108', email: 'alice@corp.test', email_verified: true, hd: 'corp.test' };

    it('accepts a token that tokeninfo says is ours, and asks by POST', async () => {
      use('google');
      answers({ body: info }, { body: alice });
      expect(await kit.outcome('ya29.good')).toBe('user alice@corp.test');
      expect(last('/check')).toMatchObject({
        method: 'POST',
        target: '/check',
        body: 'access_token=ya29.good',
      });
    });

    it('O-01 refuses a Google token that was issued to another client', async () => {
      use('google');
      answers({ body: { ...info, aud: 'other-app', azp: 'other-app' } }, { body: alice });
      expect(await kit.outcome('ya29.foreign')).toBe('token_audience');
      answers({ body: { ...info, aud: 'other-app' } }, { body: alice });
      expect(await kit.outcome('ya29.mixed')).toBe('token_audience');
    });

    it.each<[string, ScriptedAnswer, object, string]>([
      ['an invalid token', { status: 400, body: { error: 'invalid_token' } }, {}, 'oauth_token_rejected'],
      ['an expired one', { body: { ...info, exp: '1000' } }, {}, 'token_expired'],
      ['another subject in user info', { body: info }, { sub: '109' }, 'oauth_token_rejected'],
      ['an unverified address', { body: info }, { email_verified: false }, 'oauth_token_rejected'],
      ['a failing tokeninfo', { status: 503 }, {}, 'provider_unavailable'],
      ['HTML from tokeninfo', { body: '<html>' }, {}, 'provider_unavailable'],
      ['a service account', { body: { ...info, aud: '42', azp: '42', sub: '42' } }, {}, 'token_audience'],
    ])('refuses %s', async (_name, check, more, reason) => {
      use('google');
      answers(check, { body: { ...alice, ...more } });
      expect(await kit.outcome('ya29.t')).toBe(reason);
    });

    it('keeps users of other Workspace domains out', async () => {
      use('google', { parameters: { hostedDomain: 'corp.test' } });
      answers({ body: info }, { body: alice });
      expect(await kit.outcome('ya29.a')).toBe('user alice@corp.test');
      answers({ body: info }, { body: { ...alice, hd: undefined } });
      expect(await kit.outcome('ya29.b')).toBe('oauth_token_rejected');
    });
  });

  describe.each(['github', 'github-enterprise'])('%s', (preset) => {
    const parameters: Record<string, string> = preset === 'github' ? {} : { host: 'github.corp.test' };
    const check = '/applications/restgate/token';
    const useIt = () =>
      use(preset, { parameters }, { introspection: `${idp.url}/applications/{client_id}/token` });

    it('accepts a token that this very app gave out', async () => {
      useIt();
      idp.on(check, { body: { app: { client_id: 'restgate' }, user: { login: 'alice' }, expires_at: null } });
      idp.on('/userinfo', { body: { login: 'alice', id: 1, email: null } });
      expect(await kit.outcome('gho_good')).toBe('user alice');
      const basic = Buffer.from('restgate:the-secret').toString('base64');
      expect(last(check)).toMatchObject({ method: 'POST', body: '{"access_token":"gho_good"}' });
      expect(last(check)?.headers.authorization).toBe(`Basic ${basic}`);
      expect(last('/userinfo')?.headers['user-agent']).toBe('Restgate');
    });

    it('refuses personal access tokens and tokens of other apps', async () => {
      useIt();
      idp.on(check, { status: 404, body: { message: 'Not Found' } });
      idp.on('/userinfo', { body: { login: 'alice' } });
      expect(await kit.outcome('ghp_personal')).toBe('token_audience');
      expect(idp.count('/userinfo')).toBe(0);
    });

    it('does not blame the token for a wrong client secret or a rate limit', async () => {
      useIt();
      idp.on(check, { status: 401, body: { message: 'Bad credentials' } });
      expect(await kit.outcome('gho_a')).toBe('provider_unavailable');
      idp.on(check, { status: 403, headers: { 'retry-after': '30' }, body: {} });
      expect(await kit.outcome('gho_b')).toBe('provider_unavailable');
    });
  });

  describe('GitLab', () => {
    const info = {
      resource_owner_id: 1,
      scope: ['openid'],
      expires_in: 7000,
      application: { uid: 'restgate' },
      created_at: 1,
    };

    it('accepts a token of our application', async () => {
      use('gitlab');
      answers({ body: info }, { body: { sub: '1', nickname: 'alice' } });
      expect(await kit.outcome('glt')).toBe('user alice');
      expect(last('/check')).toMatchObject({ method: 'GET', headers: { authorization: 'Bearer glt' } });
    });

    it.each<[string, ScriptedAnswer, string]>([
      ['a personal access token', { body: { ...info, application: null } }, 'token_audience'],
      [
        'a token of another application',
        { body: { ...info, application: { uid: 'other' } } },
        'token_audience',
      ],
      [
        'a machine that is not mapped',
        { body: { ...info, resource_owner_id: null } },
        'user_attribute_missing',
      ],
      ['an expired token', { body: { ...info, expires_in: 0 } }, 'token_expired'],
      ['an unknown token', { status: 401, body: { error: 'invalid_token' } }, 'oauth_token_rejected'],
      ['a 404 page', { status: 404, body: '<html>' }, 'provider_unavailable'],
    ])('refuses %s', async (_name, check, reason) => {
      use('gitlab');
      answers(check, { body: { sub: '1', nickname: 'alice' } });
      expect(await kit.outcome('glt')).toBe(reason);
    });
  });

  describe('Facebook', () => {
    const data = {
      app_id: 'restgate',
      is_valid: true,
      type: 'USER',
      user_id: '7',
      expires_at: 0,
      scopes: ['email'],
    };
    const proof = createHmac('sha256', 'the-secret').update('EAAB').digest('hex');

    it('accepts a token of our app and sends the proof of the app secret', async () => {
      use('facebook', {}, { userinfo: `${idp.url}/userinfo?fields=id,name,email` });
      answers({ body: { data } }, { body: { id: '7', email: 'alice@corp.test' } });
      expect(await kit.outcome('EAAB')).toBe('user alice@corp.test');
      expect(last('/check')?.target).toBe('/check?input_token=EAAB&access_token=restgate%7Cthe-secret');
      expect(last('/userinfo')?.target).toBe(`/userinfo?fields=id,name,email&appsecret_proof=${proof}`);
    });

    it.each<[string, object, string]>([
      ['a token of another app', { app_id: 'other' }, 'token_audience'],
      ['a token that is not valid', { is_valid: false }, 'oauth_token_rejected'],
      ['an app token', { type: 'APP', user_id: undefined }, 'user_attribute_missing'],
      ['an expired token', { expires_at: 1000 }, 'token_expired'],
    ])('refuses %s', async (_name, more, reason) => {
      use('facebook');
      answers({ body: { data: { ...data, ...more } } }, { body: { id: '7', email: 'alice@corp.test' } });
      expect(await kit.outcome('EAAB')).toBe(reason);
    });
  });

  describe('Slack', () => {
    const slack = { audienceCheck: 'accept-any-client', parameters: { teamIds: 'T01, T02' } } as const;
    const alice = {
      ok: true,
      sub: 'U1',
      email: 'alice@corp.test',
      email_verified: true,
      'https://slack.com/team_id': 'T02',
    };

    it('needs the risk to be accepted, and members of the listed workspaces', async () => {
      expect(() => aProvider({ preset: 'slack', parameters: { teamIds: 'T01' } })).toThrow(
        /accept-any-client/,
      );
      kit.use(aProvider({ preset: 'slack', ...slack, endpoints: { userinfo: `${idp.url}/userinfo` } }));
      idp.on('/userinfo', { body: alice });
      expect(await kit.outcome('xoxp-1')).toBe('user alice@corp.test');
      idp.on('/userinfo', { body: { ...alice, 'https://slack.com/team_id': 'T09' } });
      expect(await kit.outcome('xoxp-2')).toBe('token_audience');
      idp.on('/userinfo', { body: { ok: false, error: 'invalid_auth' } });
      expect(await kit.outcome('xoxp-3')).toBe('oauth_token_rejected');
    });
  });

  it.each(['onelogin', 'pingfederate'])(
    '%s: introspection names the client, user info the user',
    async (preset) => {
      const parameters: Record<string, string> =
        preset === 'onelogin' ? { subdomain: 'corp' } : { baseUrl: 'https://sso.corp.test:9031' };
      use(preset, { parameters, usernameAttribute: 'preferred_username' });
      const active = { active: true, client_id: 'restgate', token_type: 'Bearer', sub: '1', exp: now() + 60 };
      answers({ body: active }, { body: { sub: '1', preferred_username: 'alice' } });
      expect(await kit.outcome('opaque')).toBe('user alice');
      answers({ body: { ...active, client_id: 'other' } }, {});
      expect(await kit.outcome('foreign')).toBe('token_audience');
    },
  );

  it('miniOrange: user info only, with the risk accepted', async () => {
    expect(() => aProvider({ preset: 'miniorange' })).toThrow(/accept-any-client/);
    kit.use(
      aProvider({
        preset: 'miniorange',
        audienceCheck: 'accept-any-client',
        endpoints: { userinfo: `${idp.url}/userinfo` },
      }),
    );
    idp.on('/userinfo', { body: { username: 'alice' } });
    expect(await kit.outcome('opaque')).toBe('user alice');
  });

  it('Keycloak: says what to do when introspection calls a token of our own client not active', async () => {
    use('keycloak', { parameters: { baseUrl: 'https://sso.test', realm: 'r' }, validation: 'introspection' });
    answers({ body: { active: false } }, {});
    expect(await kit.verifier.verify('opaque')).toMatchObject({
      refused: 'oauth_token_rejected',
      detail: expect.stringContaining('Audience mapper'),
    });
  });
});

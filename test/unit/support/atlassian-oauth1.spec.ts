import { createSign } from 'node:crypto';
import { oauth1Header, type OAuth1Call } from '../../support/atlassian/oauth1-client.js';
import { signatureBaseString } from '../../support/atlassian/oauth1.js';
import { startAtlassian, type AtlassianStandIn } from '../../support/atlassian/server.js';
import { newSigningKey } from '../../support/oidc/jwt.js';

const key = newSigningKey();
const privateKeyPem = key.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
const consumer = {
  key: 'gateway',
  publicKeyPem: key.publicPem,
  twoLOAllowed: false,
  impersonationAllowed: true,
};
let jira: AtlassianStandIn;

beforeEach(async () => {
  jira = await startAtlassian({ product: 'jira', contextPath: '/jira', consumer });
});
afterEach(() => jira.close());

function signed(target: string, more: Partial<OAuth1Call> = {}): string {
  return oauth1Header({
    consumerKey: 'gateway',
    privateKeyPem,
    method: 'GET',
    url: jira.url + target,
    ...more,
  });
}

function ask(
  target: string,
  more: Partial<OAuth1Call> = {},
  headers: Record<string, string> = {},
): Promise<Response> {
  return fetch(jira.url + target, { headers: { authorization: signed(target, more), ...headers } });
}

function problem(answer: Response): string | undefined {
  return /oauth_problem="([^"]+)"/.exec(answer.headers.get('www-authenticate') ?? '')?.[1];
}

const AS_ALICE = '/rest/api/2/myself?xoauth_requestor_id=alice';

describe('OAuth 1.0a with impersonation', () => {
  it('makes the base string that Atlassian documents', () => {
    const base = signatureBaseString('GET', 'https://jira.example.com/jira/rest/api/2/search', [
      ['oauth_consumer_key', 'gateway'],
      ['oauth_token', ''],
      ['oauth_signature_method', 'RSA-SHA1'],
      ['oauth_timestamp', '1700000000'],
      ['oauth_nonce', 'n0nce'],
      ['oauth_version', '1.0'],
      ['xoauth_requestor_id', 'alice@example.com'],
      ['jql', 'project = ABC'],
      ['maxResults', '2'],
    ]);
    expect(base).toBe(
      'GET&https%3A%2F%2Fjira.example.com%2Fjira%2Frest%2Fapi%2F2%2Fsearch&jql%3Dproject%2520%253D%2520ABC%26maxResults%3D2%26oauth_consumer_key%3Dgateway%26oauth_nonce%3Dn0nce%26oauth_signature_method%3DRSA-SHA1%26oauth_timestamp%3D1700000000%26oauth_token%3D%26oauth_version%3D1.0%26xoauth_requestor_id%3Dalice%2540example.com',
    );
  });

  it('runs as the requestor when the signature is good', async () => {
    const answer = await ask(AS_ALICE);
    expect(answer.headers.get('x-ausername')).toBe('alice');
    expect(await answer.json()).toMatchObject({ name: 'alice' });
    expect(jira.last().authenticatedBy).toBe('oauth1');
  });

  it('signs difficult queries and names the same way', async () => {
    const user = encodeURIComponent("o'brien+x@example.com");
    const target = `/rest/api/2/search?xoauth_requestor_id=${user}&jql=a%20%3D%20b+c&x=2&x=1&e=%C3%A9!*'()`;
    const answer = await ask(target);
    expect([answer.status, jira.last().user]).toEqual([200, "o'brien+x@example.com"]);
  });

  it('counts the fields of a urlencoded body, and not those of JSON', async () => {
    const target = '/rest/standin/1.0/echo?xoauth_requestor_id=bob';
    const form = new URLSearchParams({ 'a b': 'c d', z: 'é' });
    const options = { method: 'POST', form: [...form] as [string, string][] };
    const post = (body: string, type: string, authorization: string) =>
      fetch(jira.url + target, {
        method: 'POST',
        body,
        headers: { authorization, 'content-type': type, 'X-Atlassian-Token': 'no-check' },
      });
    const formType = 'application/x-www-form-urlencoded';
    expect((await post(form.toString(), formType, signed(target, options))).status).toBe(200);
    expect(jira.last().user).toBe('bob');
    const unsigned = await post(form.toString(), formType, signed(target, { method: 'POST' }));
    expect(problem(unsigned)).toBe('signature_invalid');
    expect((await post('{"a":1}', 'application/json', signed(target, { method: 'POST' }))).status).toBe(200);
  });

  it.each<[string, string, Partial<OAuth1Call>, number]>([
    ['signature_invalid', AS_ALICE, { method: 'POST' }, 401],
    ['consumer_key_unknown', AS_ALICE, { consumerKey: 'stranger' }, 401],
    ['timestamp_refused', AS_ALICE, { timestamp: Math.floor(Date.now() / 1000) - 900 }, 400],
    ['timestamp_refused', AS_ALICE, { timestamp: Math.floor(Date.now() / 1000) + 900 }, 400],
    ['signature_method_rejected', AS_ALICE, { signatureMethod: 'HMAC-SHA1' }, 400],
    ['version_rejected', AS_ALICE, { version: '2.0' }, 400],
    ['token_rejected', AS_ALICE, { token: 'three-legged' }, 401],
    ['parameter_rejected', `${AS_ALICE}&oauth_nonce=again`, {}, 400],
  ])('answers %s (%#)', async (expected, target, more, status) => {
    const answer = await ask(target, more);
    expect([problem(answer), answer.status]).toEqual([expected, status]);
    expect(new URLSearchParams(await answer.text()).get('oauth_problem')).toBe(expected);
    expect(jira.last().user).toBeNull();
  });

  it('refuses a signature by another key', async () => {
    const stranger = newSigningKey().privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
    expect(problem(await ask(AS_ALICE, { privateKeyPem: stranger }))).toBe('signature_invalid');
  });

  it('refuses a replay', async () => {
    const authorization = signed(AS_ALICE);
    const once = await fetch(jira.url + AS_ALICE, { headers: { authorization } });
    const again = await fetch(jira.url + AS_ALICE, { headers: { authorization } });
    expect([once.status, again.status, problem(again)]).toEqual([200, 401, 'nonce_used']);
  });

  it('takes the FIRST requestor of query and form, whoever put it there', async () => {
    const answer = await ask('/rest/api/2/myself?xoauth_requestor_id=admin&xoauth_requestor_id=alice');
    expect(await answer.json()).toMatchObject({ name: 'admin' });
    const encoded = await ask('/rest/api/2/myself?xoauth%5Frequestor_id=admin&xoauth_requestor_id=alice');
    expect(await encoded.json()).toMatchObject({ name: 'admin' });
    expect(await (await ask('/rest/api/2/myself?user_id=bob')).json()).toMatchObject({ name: 'bob' });
  });

  it('answers 200 as anonymous for a requestor nobody knows', async () => {
    const answer = await ask('/rest/api/2/serverInfo?xoauth_requestor_id=nobody');
    expect([answer.status, answer.headers.get('x-ausername')]).toEqual([200, 'anonymous']);
  });

  it('answers 401 without a problem for inactive users and when impersonation is off', async () => {
    const inactive = await ask('/rest/api/2/serverInfo?xoauth_requestor_id=ivan');
    expect([inactive.status, problem(inactive)]).toEqual([401, undefined]);
    jira.setConsumer({ ...consumer, impersonationAllowed: false });
    const off = await ask(AS_ALICE);
    expect([off.status, problem(off)]).toEqual([401, undefined]);
  });

  it('without a requestor runs as the executing user, or not at all', async () => {
    expect((await ask('/rest/api/2/serverInfo')).status).toBe(401);
    jira.setConsumer({ ...consumer, twoLOAllowed: true, executingTwoLOUser: 'bob' });
    expect((await ask('/rest/api/2/serverInfo')).headers.get('x-ausername')).toBe('bob');
    jira.setConsumer({ ...consumer, twoLOAllowed: true });
    expect((await ask('/rest/api/2/serverInfo')).headers.get('x-ausername')).toBe('anonymous');
  });

  it('ignores a requestor that stands only in the Authorization header', async () => {
    jira.setConsumer({ ...consumer, twoLOAllowed: true, executingTwoLOUser: 'bob' });
    const parameters: [string, string][] = [
      ['oauth_consumer_key', 'gateway'],
      ['oauth_token', ''],
      ['oauth_signature_method', 'RSA-SHA1'],
      ['oauth_timestamp', String(Math.floor(Date.now() / 1000))],
      ['oauth_nonce', 'header-only'],
      ['xoauth_requestor_id', 'alice'],
    ];
    const url = `${jira.url}/rest/api/2/serverInfo`;
    const base = signatureBaseString('GET', url, parameters);
    const signature = createSign('RSA-SHA1').update(base).sign(privateKeyPem, 'base64');
    const fields = [...parameters, ['oauth_signature', signature] as const];
    const authorization = `OAuth ${fields.map(([name, value]) => `${name}="${encodeURIComponent(value)}"`).join(', ')}`;
    expect((await fetch(url, { headers: { authorization } })).headers.get('x-ausername')).toBe('bob');
  });

  it('skips the filter for WebDAV clients', async () => {
    const answer = await ask(
      '/rest/api/2/serverInfo?xoauth_requestor_id=alice',
      {},
      { 'user-agent': 'WebDAVFS/3.0' },
    );
    expect([answer.status, answer.headers.get('x-ausername')]).toEqual([200, 'anonymous']);
  });

  it('is no OAuth at all when a parameter is missing', async () => {
    const authorization = signed(AS_ALICE)
      .replace(/, oauth_nonce="[^"]*"/, '')
      .replace(/oauth_nonce="[^"]*", /, '');
    const answer = await fetch(jira.url + AS_ALICE, { headers: { authorization } });
    expect(answer.status).toBe(401);
    expect(problem(answer)).toBeUndefined();
    expect(jira.last().authenticatedBy).toBe('anonymous');
  });

  it('checks the URL that Tomcat believes in', async () => {
    const behind = await startAtlassian({ product: 'jira', consumer, seenAs: 'https://jira.example.com' });
    try {
      const target = '/rest/api/2/myself?xoauth_requestor_id=alice';
      const good = signed('', { url: `https://jira.example.com${target}` });
      const bad = signed('', { url: behind.url + target });
      expect((await fetch(behind.url + target, { headers: { authorization: good } })).status).toBe(200);
      expect(problem(await fetch(behind.url + target, { headers: { authorization: bad } }))).toBe(
        'signature_invalid',
      );
    } finally {
      await behind.close();
    }
  });

  it('keeps its time window when the clock moves', async () => {
    jira.setClockOffset(3_600_000);
    expect(problem(await ask(AS_ALICE))).toBe('timestamp_refused');
  });
});

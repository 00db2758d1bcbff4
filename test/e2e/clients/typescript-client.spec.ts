import { createRestgateClient, RestgateError, unwrap } from '../../../clients/typescript/client.js';
import type { RestgateClient, Schema } from '../../../clients/typescript/client.js';
import { startTestRestgate, TEST_ADMIN_TOKEN } from '../../support/restgate.js';
import type { TestRestgate } from '../../support/restgate.js';

const PROVIDER: Schema<'CreateProvider'> = {
  preset: 'custom-oauth2',
  name: 'Company sign-in',
  clientId: 'gateway',
  clientSecret: 'a-long-client-secret',
  endpoints: { token: 'https://idp.example/token', userinfo: 'https://idp.example/userinfo' },
  validation: 'userinfo',
  audienceCheck: 'accept-any-client',
  usernameAttribute: 'preferred_username',
};

let gateway: TestRestgate;
let restgate: RestgateClient;

beforeAll(async () => {
  gateway = await startTestRestgate();
  restgate = createRestgateClient({ baseUrl: `${gateway.url}/`, token: TEST_ADMIN_TOKEN });
});
afterAll(() => gateway.stop());

async function failureOf(call: Promise<unknown>): Promise<RestgateError> {
  const error = await call.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof RestgateError)) throw new Error(`Expected a refusal, got ${String(error)}.`);
  return error;
}

describe('the typed client', () => {
  it('makes a provider and finds it again, without its secret', async () => {
    const created = await unwrap(restgate.POST('/providers', { body: PROVIDER }));
    expect(created.data).toMatchObject({ name: 'Company sign-in', clientSecretSet: true });
    const { data } = await unwrap(restgate.GET('/providers'));
    expect(data.items.map(({ id }) => id)).toEqual([created.data.id]);
    const one = await unwrap(restgate.GET('/providers/{id}', { params: { path: { id: created.data.id } } }));
    expect(JSON.stringify(one.data)).not.toContain('a-long-client-secret');
    const removed = await restgate.DELETE('/providers/{id}', { params: { path: { id: created.data.id } } });
    expect(removed.response.status).toBe(204);
  });

  it('is told 412 for a stale ETag, and saves nothing then', async () => {
    const { data, etag } = await unwrap(restgate.GET('/global-settings'));
    expect([data.adminGroups, etag]).toEqual([[], expect.stringMatching(/^"\d+"$/)]);
    const save = (group: string) =>
      unwrap(
        restgate.PATCH('/global-settings', {
          params: { header: { 'If-Match': etag } },
          body: { auditorGroups: [group] },
        }),
      );
    const saved = await save('first');
    expect(saved.etag).not.toBe(etag);
    const refused = await failureOf(save('second'));
    expect([refused.status, refused.problem.code]).toEqual([412, 'precondition_failed']);
    expect((await unwrap(restgate.GET('/global-settings'))).data.auditorGroups).toEqual(['first']);
  });

  it('is told what is wrong with a body, and who may not call', async () => {
    const faulty = await failureOf(
      unwrap(restgate.POST('/tokens', { body: { username: 'x', name: '', scope: 'read' } })),
    );
    expect([faulty.status, faulty.problem.errors?.map(({ field }) => field)]).toEqual([400, ['name']]);
    const stranger = createRestgateClient({ baseUrl: gateway.url });
    const refused = await failureOf(unwrap(stranger.GET('/system')));
    expect([refused.status, refused.problem.code]).toEqual([401, 'authentication_required']);
  });

  it('is checked by the compiler', () => {
    const misuses = [
      // @ts-expect-error -- there is no such path
      () => restgate.GET('/provider'),
      // @ts-expect-error -- there is no such scope
      () => restgate.POST('/tokens', { body: { username: 'alice', name: 'ci', scope: 'root' } }),
      // @ts-expect-error -- a body is needed
      () => restgate.PUT('/token-settings'),
    ];
    expect(misuses).toHaveLength(3);
  });

  it('sends the CSRF token with changes, and says so when a proxy answered in its own words', async () => {
    const sent: Request[] = [];
    const client = createRestgateClient({
      baseUrl: 'https://restgate.example.com',
      csrfToken: () => 'the-token',
      fetch: async (request) => {
        sent.push(request);
        return new Response('<h1>Bad gateway</h1>', {
          status: 502,
          headers: { 'content-type': 'text/html' },
        });
      },
    });
    const refused = await failureOf(unwrap(client.DELETE('/session')));
    await failureOf(unwrap(client.GET('/session')));
    expect([refused.status, refused.problem.code]).toEqual([502, 'unknown']);
    expect(sent.map(({ headers }) => headers.get('x-csrf-token'))).toEqual(['the-token', null]);
  });
});

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Problem } from '../../../src/platform/http/problem.js';
import { TEST_ADMIN_TOKEN } from '../../support/restgate.js';
import { startWorld } from '../../support/world.js';
import type { World } from '../../support/world.js';

const LEVELS = ['public', 'user', 'auditor', 'admin'] as const;
type Level = (typeof LEVELS)[number];

interface Operation {
  readonly operationId: string;
  readonly 'x-access': Level;
  readonly requestBody?: { readonly content: { readonly 'application/json': { readonly example: unknown } } };
}
interface Route {
  readonly method: string;
  readonly path: string;
  readonly operation: Operation;
}
interface Caller {
  readonly name: string;
  readonly level: Level;
  readonly token: string | undefined;
}

const NOBODYS_ID = '019508d2-7d2b-7c4e-8f3a-5b6c7d8e9f01';
const BODY_METHODS = new Set(['POST', 'PUT', 'PATCH']);
/** Pages and redirects: no operations of the API document. */
const PAGES = /^\/restgate(?:$|\/\*|\/home\.|\/docs|\/oauth\/|\/session\/)/;

let world: World;
let routes: Route[];
let callers: Caller[];

beforeAll(async () => {
  world = await startWorld();
  const { admin } = world.gateway;
  await admin.call('PATCH', '/global-settings', {
    adminGroups: ['jira-administrators'],
    auditorGroups: ['readers'],
  });
  const { token } = await admin.call<{ token: string }>('POST', '/tokens', {
    username: 'admin',
    name: 'not for administration',
    scope: 'write',
  });
  callers = [
    { name: 'nobody', level: 'public', token: undefined },
    { name: 'a user', level: 'user', token: await world.tokenOf('alice') },
    { name: "an admin's API token of scope write", level: 'user', token },
    { name: 'an auditor', level: 'auditor', token: await world.tokenOf('rita') },
    { name: 'an admin', level: 'admin', token: await world.tokenOf('admin') },
  ];
  routes = await served();
});
afterAll(() => world.stop());

async function served(): Promise<Route[]> {
  const answer = await fetch(`${world.gateway.url}/restgate/docs/openapi.json`);
  const { paths } = (await answer.json()) as { paths: Record<string, Record<string, Operation>> };
  return Object.entries(paths).flatMap(([path, item]) =>
    Object.entries(item).map(([method, operation]) => ({ method: method.toUpperCase(), path, operation })),
  );
}

async function send(
  { method, path }: Pick<Route, 'method' | 'path'>,
  token: string | undefined,
  body?: unknown,
): Promise<{ status: number; type: string; problem: Partial<Problem>; text: string }> {
  const answer = await fetch(world.gateway.url + path, {
    method,
    redirect: 'manual',
    headers: {
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await answer.text();
  const type = (answer.headers.get('content-type') ?? '').split(';')[0] ?? '';
  const problem = type === 'application/problem+json' ? (JSON.parse(text) as Problem) : {};
  return { status: answer.status, type, problem, text };
}

/** A path of something that does not exist. */
const concrete = (path: string): string =>
  path
    .replace('{version}', '1')
    .replace(/\{\w*[kK]ey\}/g, 'nothing-here')
    .replace(/\{\w+\}/g, NOBODYS_ID);

describe('a walk over every route of the OpenAPI document', () => {
  it('finds the routes of the access table, with the same callers', () => {
    const table = readFileSync(join(__dirname, '../../architecture/access-table.txt'), 'utf8');
    const declared = table
      .trimEnd()
      .split('\n')
      .map((line) => line.split(/\s+/, 3) as [string, string, string])
      .filter(([, path]) => !PAGES.test(path))
      .map(([method, path, access]) => `${method} ${path} ${access}`);
    const documented = routes.map(
      ({ method, path, operation }) =>
        `${method} ${path.replace(/\{(\w+)\}/g, ':$1')} ${operation['x-access']}`,
    );
    expect(documented.sort()).toEqual(declared.sort());
    expect(documented.length).toBeGreaterThan(70);
  });

  it('lets in whom the table says and nobody else', async () => {
    const wrong: string[] = [];
    for (const { method, path, operation } of routes) {
      const needed = operation['x-access'];
      for (const { name, level, token } of callers) {
        // An unknown field: whoever is let in is told so (400), and nothing is changed.
        const body = BODY_METHODS.has(method) && operation.requestBody ? { nonsense: true } : undefined;
        const { status, type, problem } = await send({ method, path: concrete(path) }, token, body);
        const admitted = LEVELS.indexOf(level) >= LEVELS.indexOf(needed);
        const refusal = level === 'public' ? '401 authentication_required' : '403 access_denied';
        const actual = `${status} ${problem.code ?? ''}`.trim();
        if (status >= 400 && type !== 'application/problem+json') wrong.push(`${method} ${path}: ${type}`);
        const asExpected = admitted ? ![401, 403, 500].includes(status) : actual === refusal;
        if (!asExpected) wrong.push(`${method} ${path} by ${name}: ${actual}, needs ${needed}`);
      }
    }
    expect(wrong).toEqual([]);
  });

  it('can send the example of every body as it stands', async () => {
    const real = { '{key}': 'jira', '{applicationKey}': 'jira' };
    const refused: string[] = [];
    for (const { method, path, operation } of routes) {
      if (!operation.requestBody) continue;
      const example = operation.requestBody.content['application/json'].example;
      const target = Object.entries(real).reduce((text, [from, to]) => text.replace(from, to), path);
      const { status, text } = await send(
        { method, path: concrete(target) },
        TEST_ADMIN_TOKEN,
        // The example would leave out the application that this walk needs.
        operation.operationId === 'configuration_apply'
          ? { ...(example as object), applications: undefined }
          : example,
      );
      // 404: made for something that is not here; 409: it is here already; 403: the bootstrap admin is no user.
      if (status >= 400 && ![403, 404, 409].includes(status))
        refused.push(`${method} ${path}: ${status} ${text}`);
    }
    expect(refused).toEqual([]);
  });
});

describe('requests that no route takes', () => {
  const TOKENS = '/restgate/api/v1/tokens';
  const json = { 'content-type': 'application/json' };
  const authorization = `Bearer ${TEST_ADMIN_TOKEN}`;

  it.each<[number, string, string, string, Record<string, string>, string | undefined]>([
    [404, 'not_found', 'GET', '/restgate/api/v1/nothing', {}, undefined],
    [404, 'not_found', 'POST', '/restgate/api/v2/tokens', json, '{}'],
    [405, 'method_not_allowed', 'PUT', TOKENS, json, '{}'],
    [405, 'method_not_allowed', 'OPTIONS', TOKENS, {}, undefined],
    [413, 'payload_too_large', 'POST', TOKENS, json, `{"name":"${'x'.repeat(1024 * 1024)}"}`],
    [404, 'not_found', 'GET', `${TOKENS}/${'x'.repeat(200)}`, {}, undefined],
    [415, 'unsupported_media_type', 'POST', TOKENS, { 'content-type': 'text/plain' }, '{}'],
    [415, 'unsupported_media_type', 'POST', TOKENS, { 'content-type': 'nonsense' }, '{}'],
    [
      415,
      'unsupported_media_type',
      'PUT',
      TOKENS.replace('tokens', 'token-settings'),
      { 'content-type': 'application/yaml' },
      'a: 1',
    ],
    [400, 'invalid_request', 'POST', TOKENS, json, '{"name":'],
    [400, 'invalid_request', 'POST', TOKENS, json, '"text"'],
    [400, 'invalid_request', 'POST', TOKENS, json, '[]'],
    [400, 'invalid_request', 'POST', TOKENS, json, undefined],
    [400, 'invalid_request', 'GET', '/restgate/api/v1/%zz', {}, undefined],
    [404, 'not_found', 'GET', `${TOKENS}/not-a-uuid`, {}, undefined],
  ])('are answered %i %s as problem details: %s %s', async (status, code, method, path, headers, body) => {
    const answer = await fetch(world.gateway.url + path, {
      method,
      headers: { authorization, ...headers },
      ...(body === undefined ? {} : { body }),
    });
    expect([answer.status, answer.headers.get('content-type')]).toEqual([
      status,
      'application/problem+json; charset=utf-8',
    ]);
    expect(await answer.json()).toMatchObject({
      type: `urn:restgate:problem:${code}`,
      title: expect.any(String),
      status,
      detail: expect.any(String),
      code,
      requestId: answer.headers.get('x-request-id'),
    });
  });
});

import { request } from 'undici';
import { callsOf, issueToken } from '../../support/dataplane.js';
import { rawRequest } from '../../support/raw-http.js';
import { startWorld } from '../../support/world.js';
import type { World } from '../../support/world.js';

const MYSELF = '/jira/rest/api/2/myself';
const PARENT = {
  traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
  tracestate: 'vendor=abc',
};

let token: string;
let world: World;

async function ask(headers: Record<string, string>): Promise<number> {
  const answer = await request(world.gateway.url + MYSELF, {
    headers: { authorization: `Bearer ${token}`, ...headers },
  });
  await answer.body.dump();
  return answer.statusCode;
}

function seenUpstream(): Record<keyof typeof PARENT, string[]> {
  const call = callsOf(world.jira).at(-1);
  return { traceparent: call?.header('traceparent') ?? [], tracestate: call?.header('tracestate') ?? [] };
}

describe('trace context without tracing', () => {
  beforeAll(async () => {
    world = await startWorld({ withoutProvider: true });
    token = (await issueToken(world.gateway.admin, 'alice')).token;
  });
  afterAll(() => world.stop());

  it('goes on to the application as it came', async () => {
    expect(await ask(PARENT)).toBe(200);
    expect(seenUpstream()).toEqual({ traceparent: [PARENT.traceparent], tracestate: [PARENT.tracestate] });
  });

  it.each([
    { traceparent: '00-garbage', tracestate: 'vendor=abc' },
    { traceparent: `${PARENT.traceparent}-${'a'.repeat(500)}`, tracestate: 'vendor=abc' },
    { tracestate: 'vendor=abc' },
  ])('is dropped when it is malformed, too long or incomplete: %j', async (headers) => {
    expect(await ask(headers as Record<string, string>)).toBe(200);
    expect(seenUpstream()).toEqual({ traceparent: [], tracestate: [] });
  });

  it('is dropped when it comes twice', async () => {
    const twice = `traceparent: ${PARENT.traceparent}\r\n`.repeat(2);
    const head = `GET /jira/rest/api/2/myself HTTP/1.1\r\nHost: gateway\r\nAuthorization: Bearer ${token}\r\n`;
    const answer = await rawRequest({ port: world.gateway.port }, `${head}${twice}\r\n`);
    expect(answer.status).toBe(200);
    expect(seenUpstream().traceparent).toEqual([]);
  });
});

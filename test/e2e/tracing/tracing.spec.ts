import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { request } from 'undici';
import type { AtlassianStandIn } from '../../support/atlassian/server.js';
import { createTestDatabase } from '../../support/database.js';
import type { TestDatabase } from '../../support/database.js';
import { callsOf, eventually, issueToken } from '../../support/dataplane.js';
import { PROCESS_ADMIN_TOKEN, adminOf, environment } from '../../support/process-world.js';
import { RestgateProcess } from '../../support/restgate-process.js';
import { CLIENT_SPAN, SERVER_SPAN, TraceCollector } from '../../support/trace-collector.js';
import type { CollectedSpan } from '../../support/trace-collector.js';
import { connectProduct } from '../../support/world.js';

const TRACE = '0af7651916cd43dd8448eb211c80319c';
const SPAN = 'b7ad6b7169203331';
const PARENT = { traceparent: `00-${TRACE}-${SPAN}-01`, tracestate: 'vendor=abc' };
const MYSELF = '/jira/rest/api/2/myself';
const ISSUE = '/jira/rest/api/2/issue/SECRET-1';
/** On a signal the process tells which OpenTelemetry packages it has loaded. */
const TELL_LOADED = `data:text/javascript,${encodeURIComponent(
  `import { createRequire } from 'node:module';
   const { cache } = createRequire('/');
   process.on('SIGUSR2', () => {
     const found = Object.keys(cache).map((file) => /@opentelemetry.([a-z-]+)/.exec(file)?.[1]);
     console.log('loaded:' + [...new Set(found.filter(Boolean))].sort().join() + ';');
   });`,
)}`;

let database: TestDatabase;
let folder: string;
let gateway: RestgateProcess;
let jira: AtlassianStandIn;
let token: string;

/** The built product: the libraries are loaded as they are in production. */
async function start(env: Record<string, string>): Promise<void> {
  database = await createTestDatabase();
  folder = mkdtempSync(join(tmpdir(), 'restgate-tracing-'));
  const variables = { ...environment(database.url, folder), ...env };
  gateway = await RestgateProcess.start(variables, process.cwd(), ['--import', TELL_LOADED]);
  const admin = adminOf(gateway);
  jira = await connectProduct({ admin }, 'jira', 'header');
  token = (await issueToken(admin, 'alice')).token;
}

async function stop(): Promise<void> {
  await gateway.stop();
  await jira.close();
  await database.drop();
  rmSync(folder, { recursive: true, force: true });
}

async function ask(
  path: string,
  headers: Record<string, string> = {},
): Promise<{ status: number; requestId: string }> {
  const answer = await request(gateway.url + path, {
    headers: { authorization: `Bearer ${token}`, ...headers },
  });
  await answer.body.dump();
  return { status: answer.statusCode, requestId: String(answer.headers['x-request-id']) };
}

/** The trace headers of the caller's last request, as the application got them. */
function seenUpstream(): Record<keyof typeof PARENT, string[]> {
  const call = callsOf(jira).at(-1);
  return { traceparent: call?.header('traceparent') ?? [], tracestate: call?.header('tracestate') ?? [] };
}

async function loadedPackages(): Promise<string[]> {
  gateway.child.kill('SIGUSR2');
  const told = await eventually('what is loaded', () => /loaded:(.*);/.exec(gateway.output)?.[1]);
  return told.split(',');
}

describe('tracing with a collector', () => {
  let collector: TraceCollector;

  const spansOf = async (requestId: string): Promise<{ server: CollectedSpan; calls: CollectedSpan[] }> => {
    const server = await eventually('the span of the request', () => collector.ofRequest(requestId));
    const calls = collector.spans.filter(({ parentSpanId }) => parentSpanId === server.spanId);
    return { server, calls };
  };

  beforeAll(async () => {
    collector = await TraceCollector.start();
    await start({
      OTEL_EXPORTER_OTLP_ENDPOINT: `${collector.url}/`,
      OTEL_EXPORTER_OTLP_HEADERS: 'x-tenant=team%20a',
      OTEL_SERVICE_NAME: 'gateway-of-tests',
    });
  });
  afterAll(async () => {
    await stop();
    await collector.close();
  });

  it('makes a span of the request and one of the call, below the span of the caller', async () => {
    const { status, requestId } = await ask(MYSELF, PARENT);
    const { server, calls } = await spansOf(requestId);
    expect(status).toBe(200);
    expect(server).toMatchObject({ name: 'GET jira', kind: SERVER_SPAN, traceId: TRACE, parentSpanId: SPAN });
    expect(server.attributes).toEqual({
      'http.request.method': 'GET',
      'http.response.status_code': 200,
      'network.protocol.version': '1.1',
      'restgate.request_id': requestId,
      'restgate.application': 'jira',
      'restgate.decision': 'forwarded',
      'restgate.credential': 'api-token',
      'restgate.classification': 'read',
    });
    expect(server.service).toMatchObject({ 'service.name': 'gateway-of-tests' });
    expect(calls).toHaveLength(1);
    expect(calls[0]).toMatchObject({ kind: CLIENT_SPAN, traceId: TRACE });
    expect(calls[0]?.attributes).toMatchObject({ 'http.response.status_code': 200 });
    expect(seenUpstream()).toEqual({
      traceparent: [`00-${TRACE}-${calls[0]?.spanId}-01`],
      tracestate: ['vendor=abc'],
    });
    expect(collector.paths.every((path) => path === '/v1/traces')).toBe(true);
    expect(collector.headers[0]).toMatchObject({ 'x-tenant': 'team a' });
  });

  it('begins a trace for callers that have none, or a malformed one', async () => {
    const { requestId } = await ask(MYSELF, {
      traceparent: '00-garbage',
      tracestate: 'a=1',
    });
    const { server, calls } = await spansOf(requestId);
    expect(server.traceId).not.toBe(TRACE);
    expect(server.parentSpanId ?? '').toBe('');
    expect(seenUpstream()).toEqual({
      traceparent: [`00-${server.traceId}-${calls[0]?.spanId}-01`],
      tracestate: [],
    });
  });

  it('tells why a request was refused, and has no call then', async () => {
    const { requestId } = await ask(MYSELF, {
      authorization: `Bearer ${token.slice(0, -1)}!`,
    });
    const { server, calls } = await spansOf(requestId);
    expect(server.attributes).toMatchObject({
      'http.response.status_code': 401,
      'restgate.decision': 'denied',
      'restgate.reason': 'token_malformed',
    });
    expect(calls).toEqual([]);
  });

  it('follows the caller who does not want to be traced', async () => {
    const { status } = await ask(MYSELF, {
      traceparent: `00-${TRACE}-00f067aa0ba902b7-00`,
    });
    expect(status).toBe(200);
    const { requestId } = await ask(MYSELF);
    await spansOf(requestId);
    expect(collector.spans.filter(({ parentSpanId }) => parentSpanId === '00f067aa0ba902b7')).toEqual([]);
  });

  it('tells the collector no path, query, user, credential or address of the caller', async () => {
    const { requestId } = await ask(`${ISSUE}?jql=secret-query&os_password=secret-password`, {
      'user-agent': 'secret-agent',
      'x-forwarded-for': '203.0.113.77',
    });
    const second = await ask(`${ISSUE}?token=secret-query`, { authorization: 'Bearer secret-bearer' });
    await spansOf(requestId);
    await spansOf(second.requestId);
    const found = [/secret/i, /alice/, /203\.0\.113/, /127\.0\.0\.1"/, new RegExp(token), /rgt_/].filter(
      (pattern) => pattern.test(collector.text),
    );
    expect(found).toEqual([]);
  });

  it('loads the OpenTelemetry libraries', async () => {
    expect(await loadedPackages()).toEqual(expect.arrayContaining(['exporter-trace-otlp-http', 'sdk-trace']));
  });

  it('sends what waits before the process ends', async () => {
    const { requestId } = await ask(MYSELF);
    expect(await gateway.stop()).toBe(0);
    expect(collector.ofRequest(requestId)).toBeDefined();
  });
});

describe('tracing when the collector is away', () => {
  beforeAll(async () => {
    const away = await TraceCollector.start();
    const { url } = away;
    await away.close();
    await start({
      OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: `${url}/traces?key=secret-key`,
      OTEL_TRACES_SAMPLER: 'always_on',
    });
  });
  afterAll(stop);

  it('serves every request, counts what was lost, and says so in the log', async () => {
    for (let i = 0; i < 20; i++) expect((await ask(MYSELF)).status).toBe(200);
    const headers = { authorization: `Bearer ${PROCESS_ADMIN_TOKEN}` };
    await eventually('lost spans in the metrics', async () => {
      const answer = await fetch(`${gateway.controlUrl}/restgate/metrics`, { headers });
      return /restgate_trace_spans_total\{outcome="lost"\} [1-9]/.test(await answer.text());
    });
    expect(gateway.output).toContain('the trace collector did not take spans');
    expect(gateway.output).not.toContain('secret-key');
  }, 30_000);

  it('ends all the same', async () => {
    await ask(MYSELF);
    expect(await gateway.stop()).toBe(0);
  });
});

describe('without a collector', () => {
  beforeAll(() => start({}));
  afterAll(stop);

  it('nothing of OpenTelemetry is loaded but the interfaces that the metrics library brings', async () => {
    expect((await ask(MYSELF, PARENT)).status).toBe(200);
    expect(seenUpstream()).toEqual({ traceparent: [PARENT.traceparent], tracestate: [PARENT.tracestate] });
    expect((await loadedPackages()).filter((name) => name !== 'api')).toEqual([]);
  });
});

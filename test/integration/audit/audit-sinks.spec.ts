import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer as createHttpServer } from 'node:http';
import type { IncomingMessage, Server as HttpServer, ServerResponse } from 'node:http';
import { createServer as createTcpServer } from 'node:net';
import type { AddressInfo, Server } from 'node:net';
import { PassThrough } from 'node:stream';
import { toRow } from '../../../src/modules/audit/audit-row.policy.js';
import { eventView } from '../../../src/modules/audit/audit-view.policy.js';
import type { AuditEventView } from '../../../src/modules/audit/dto/audit-event.dto.js';
import { SinkFeeder } from '../../../src/modules/audit/sinks/sink-feeder.service.js';
import { StdoutSink } from '../../../src/modules/audit/sinks/stdout-sink.service.js';
import { SyslogSink } from '../../../src/modules/audit/sinks/syslog-sink.service.js';
import { datagram, syslogMessage } from '../../../src/modules/audit/sinks/syslog-message.policy.js';
import { WebhookSink } from '../../../src/modules/audit/sinks/webhook-sink.service.js';
import {
  isWebhookSignature,
  webhookSignature,
} from '../../../src/modules/audit/sinks/webhook-signature.policy.js';
import { SYSTEM_CLOCK } from '../../../src/lib/clock.js';
import { auditEvent, deniedEvent } from '../../factories/audit-event.js';

const SECRET = 'webhook-secret';
const QUICK = { log: { warn: (): void => undefined }, firstWaitMs: 10, longestWaitMs: 40 };
const never = new AbortController().signal;

function views(count: number, from = 0): AuditEventView[] {
  return Array.from({ length: count }, (_unused, at) =>
    eventView(toRow(auditEvent({ requestId: `n-${from + at}` }))),
  );
}

async function until(condition: () => boolean): Promise<void> {
  const end = Date.now() + 10_000;
  while (!condition() && Date.now() < end) await new Promise((resolve) => setTimeout(resolve, 5));
  expect(condition()).toBe(true);
}

describe('the webhook', () => {
  let server: HttpServer;
  let answers: number[];
  const bodies: { text: string; signature: string }[] = [];

  beforeEach(async () => {
    answers = [];
    bodies.length = 0;
    server = createHttpServer((request: IncomingMessage, response: ServerResponse) => {
      let text = '';
      request.on('data', (chunk: Buffer) => (text += chunk.toString()));
      request.on('end', () => {
        bodies.push({ text, signature: String(request.headers['x-restgate-signature']) });
        response.writeHead(answers.shift() ?? 204, { location: 'http://127.0.0.1:1/' }).end();
      });
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
  });

  afterEach(async () => {
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  });

  function sink(secret?: string): WebhookSink {
    return new WebhookSink(
      `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`,
      secret,
      SYSTEM_CLOCK,
    );
  }

  it('gets events in batches, signed over time and body', async () => {
    const feeder = new SinkFeeder(sink(SECRET), QUICK);
    feeder.push(views(700));
    await until(() => feeder.delivered === 700);
    expect(bodies.map(({ text }) => (JSON.parse(text) as { events: unknown[] }).events.length)).toEqual([
      500, 200,
    ]);
    const [first] = bodies;
    const now = Math.floor(Date.now() / 1000);
    expect(isWebhookSignature(first?.signature ?? '', first?.text ?? '', SECRET, now)).toBe(true);
    expect(isWebhookSignature(first?.signature ?? '', `${first?.text} `, SECRET, now)).toBe(false);
    expect(isWebhookSignature(first?.signature ?? '', first?.text ?? '', 'other', now)).toBe(false);
    expect(isWebhookSignature(first?.signature ?? '', first?.text ?? '', SECRET, now + 301)).toBe(false);
    await feeder.stop(0);
  });

  it('has the signature of the contract', () => {
    // printf '1700000000.{}' | openssl dgst -sha256 -hmac key
    expect(webhookSignature('{}', 'key', 1_700_000_000)).toMatch(/^t=1700000000,v1=[0-9a-f]{64}$/);
  });

  it('is not signed without a secret', async () => {
    const hook = sink();
    await hook.deliver(views(1), never);
    expect(bodies[0]?.signature).toBe('undefined');
    hook.close();
  });

  it('gets the same events again after a failure, in their order, each once', async () => {
    answers = [500, 503, 429, 204];
    const feeder = new SinkFeeder(sink(SECRET), QUICK);
    feeder.push(views(3));
    feeder.push(views(2, 3));
    await until(() => feeder.delivered === 5);
    expect(new Set(bodies.slice(0, 3).map(({ text }) => text)).size).toBeLessThanOrEqual(2);
    const last = JSON.parse(bodies.at(-1)?.text ?? '{}') as { events: { requestId: string }[] };
    expect(last.events.at(-1)?.requestId).toBe('n-4');
    expect(feeder.dropped).toBe(0);
    await feeder.stop(0);
  });

  it('loses a batch that it will never take, and gets the next', async () => {
    answers = [400, 204];
    const feeder = new SinkFeeder(sink(SECRET), QUICK);
    feeder.push(views(501));
    await until(() => feeder.delivered === 1);
    expect(feeder.dropped).toBe(500);
    await feeder.stop(0);
  });

  it('A-01 is not followed when it redirects', async () => {
    answers = [302];
    const hook = sink(SECRET);
    await expect(hook.deliver(views(1), never)).rejects.toThrow('302');
    expect(bodies).toHaveLength(1);
    hook.close();
  });

  it('A-01 is not called at a metadata address, whatever the settings say', async () => {
    const hook = new WebhookSink('http://169.254.169.254/', undefined, SYSTEM_CLOCK);
    await expect(hook.deliver(views(1), never)).rejects.toThrow('not allowed');
    hook.close();
  });
});

describe('a dead sink', () => {
  it('loses its own oldest events and stalls nobody', async () => {
    const dead = new SinkFeeder(new WebhookSink('http://127.0.0.1:9/', undefined, SYSTEM_CLOCK), {
      ...QUICK,
      capacity: 100,
    });
    const out = new PassThrough();
    let text = '';
    out.on('data', (chunk: Buffer) => (text += chunk.toString()));
    const alive = new SinkFeeder(new StdoutSink(out), QUICK);
    for (let round = 0; round < 20; round++) {
      const events = views(50, round * 50);
      dead.push(events);
      alive.push(events);
    }
    await until(() => alive.delivered === 1000);
    expect(dead.waiting).toBeLessThanOrEqual(100);
    expect(dead.dropped).toBe(900);
    expect(text.trim().split('\n')).toHaveLength(1000);
    expect(JSON.parse(text.split('\n')[0] ?? '')).toMatchObject({ log: 'audit', requestId: 'n-0' });
    await dead.stop(0);
    await alive.stop(0);
  });
});

describe('syslog', () => {
  it('is RFC 5424: header, structured data with escapes, JSON text', () => {
    const view = eventView(
      toRow(deniedEvent({ user: 'a"b]c\\', time: Date.parse('2026-11-21T10:00:00.123Z') })),
    );
    const message = syslogMessage(view, 16, 'gate way', '42');
    expect(message).toMatch(
      /^<132>1 2026-11-21T10:00:00\.123Z gateway restgate 42 request \[restgate@32473 id="/,
    );
    expect(message).toContain('user="a\\"b\\]c\\\\"');
    expect(JSON.parse(message.slice(message.indexOf('\ufeff') + 1))).toEqual(view);
    expect(message).not.toContain('\n');
  });

  it('cuts what does not fit into a datagram at a whole character', () => {
    expect(datagram('a€', 3).toString()).toBe('a');
    expect(datagram('a€', 4).toString()).toBe('a€');
  });

  it('frames messages over TCP by their length, and connects again when the server went away', async () => {
    let received = '';
    let server: Server = createTcpServer((socket) =>
      socket.on('data', (chunk) => (received += chunk.toString())),
    );
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const sink = new SyslogSink({ host: '127.0.0.1', port, protocol: 'tcp', facility: 16 });
    const feeder = new SinkFeeder(sink, QUICK);
    feeder.push(views(3));
    await until(() => feeder.delivered === 3 && (received.match(/<134>1 /g) ?? []).length === 3);
    const length = Number(received.slice(0, received.indexOf(' ')));
    const start = received.indexOf(' ') + 1;
    expect(
      Buffer.from(received)
        .subarray(start + length)
        .toString(),
    ).toMatch(/^\d+ <134>1 /);
    sink.close();
    server.close();
    await once(server, 'close');
    feeder.push(views(1, 3));
    server = createTcpServer((socket) => socket.on('data', (chunk) => (received += chunk.toString())));
    server.listen(port, '127.0.0.1');
    await until(() => received.includes('n-3'));
    await feeder.stop(0);
    server.close();
  });

  it('sends datagrams over UDP', async () => {
    const server = createSocket('udp4');
    const received: string[] = [];
    server.on('message', (message) => received.push(message.toString()));
    server.bind(0, '127.0.0.1');
    await once(server, 'listening');
    const sink = new SyslogSink({
      host: '127.0.0.1',
      port: server.address().port,
      protocol: 'udp',
      facility: 10,
    });
    await sink.deliver(views(2), never);
    await until(() => received.length === 2);
    expect(received[0]).toMatch(/^<86>1 /);
    server.close();
  });
});

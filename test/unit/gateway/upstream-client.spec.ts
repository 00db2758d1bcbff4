import { createServer, request as httpRequest } from 'node:http';
import type { ClientRequest, IncomingMessage, Server, ServerResponse } from 'node:http';
import { createServer as createNetServer } from 'node:net';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { Pool } from 'undici';
import { UpstreamExchange } from '../../../src/gateway/upstream.client.js';
import type { UpstreamEvents } from '../../../src/gateway/upstream.client.js';

async function listen(
  onRequest: (request: IncomingMessage, response: ServerResponse) => void,
): Promise<Server> {
  const server = createServer(onRequest).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return server;
}

const addressOf = (server: Server): string => `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

describe('a request to an application whose only connection is busy', () => {
  const arrived: string[] = [];
  const ended: string[] = [];
  const released: string[] = [];
  const answers = new Map<string, () => void>();
  let application: Server;
  let gateway: Server;
  let pool: Pool;

  beforeAll(async () => {
    application = await listen((request, response) => {
      const target = request.url ?? '';
      arrived.push(target);
      if (target.startsWith('/slow')) answers.set(target, () => response.end('late'));
      else response.end('x'.repeat(100_000));
    });
    pool = new Pool(addressOf(application), { connections: 1, pipelining: 1 });
    gateway = await listen((request, response) => {
      const target = request.url ?? '';
      const note = (how: string) => () => void ended.push(`${target} ${how}`);
      const events: UpstreamEvents = {
        onHead: () => ({ headers: [], userName: undefined }),
        onEnd: note('answered'),
        onFailure: note('failed'),
        onBroken: note('broken'),
        onClientGone: note('left'),
        onReleased: () => void released.push(target),
      };
      const prepared = { method: 'GET', target, headers: ['Host', 'app.test'], body: null };
      new UpstreamExchange(response, events).send(pool, prepared);
    });
  });

  afterAll(async () => {
    await pool.destroy();
    for (const server of [gateway, application]) {
      server.closeAllConnections();
      server.close();
    }
  });

  const ask = (target: string): ClientRequest =>
    httpRequest(`${addressOf(gateway)}${target}`, { agent: false }).on('error', () => ended.push(target));
  const until = async (check: () => boolean): Promise<void> => {
    const deadline = Date.now() + 5000;
    while (!check()) {
      if (Date.now() > deadline) throw new Error(`not in time: ${arrived.join(' ')} | ${ended.join(' ')}`);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  };

  it('is never sent when its client leaves while it waits, and costs nobody the connection', async () => {
    const slow = ask('/slow');
    slow.end();
    await until(() => arrived.includes('/slow'));
    const impatient = ask('/waiting');
    impatient.end();
    await once(impatient, 'socket');
    await until(() => pool.stats.queued + pool.stats.pending > 0);
    impatient.destroy();
    await until(() => ended.includes('/waiting left'));
    // Its place in the queue is still taken: who leaves at once and asks again must not fill it without end.
    expect(released).toEqual([]);
    answers.get('/slow')?.();
    await until(() => ended.includes('/slow answered'));

    const next = ask('/next');
    next.end();
    const [answer] = (await once(next, 'response')) as [IncomingMessage];
    answer.resume();
    await once(answer, 'end');
    expect(arrived).toEqual(['/slow', '/next']);
    expect([...released].sort()).toEqual(['/next', '/slow', '/waiting']);
    expect(ended.filter((each) => each.startsWith('/waiting '))).toEqual(['/waiting left']);
  });
});

describe('the reason phrase of an answer', () => {
  it.each([
    ['UTF-8', Buffer.from('Größe 5 €')],
    ['latin1', Buffer.from('Größe', 'latin1')],
  ])('in %s is no reason to withhold the answer', async (_what, phrase) => {
    const application = createNetServer((socket) => {
      socket.on('data', () =>
        socket.end(
          Buffer.concat([
            Buffer.from('HTTP/1.1 200 '),
            phrase,
            Buffer.from('\r\nContent-Length: 2\r\n\r\nok'),
          ]),
        ),
      );
    }).listen(0, '127.0.0.1');
    await once(application, 'listening');
    const pool = new Pool(`http://127.0.0.1:${(application.address() as AddressInfo).port}`);
    const ends: string[] = [];
    const gateway = await listen((_request, response) => {
      const events: UpstreamEvents = {
        onHead: () => ({ headers: ['Content-Length', '2'], userName: undefined }),
        onEnd: () => void ends.push('answered'),
        onFailure: ({ detail }) => void ends.push(detail),
        onBroken: (detail) => void ends.push(detail),
        onClientGone: () => void ends.push('left'),
        onReleased: () => undefined,
      };
      const prepared = { method: 'GET', target: '/', headers: ['Host', 'app.test'], body: null };
      new UpstreamExchange(response, events).send(pool, prepared);
    });
    const answer = await fetch(addressOf(gateway), { headers: { Connection: 'close' } });
    expect([answer.status, await answer.text(), ends]).toEqual([200, 'ok', ['answered']]);
    await pool.destroy();
    gateway.close();
    application.close();
  });
});

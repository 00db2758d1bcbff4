import { once } from 'node:events';
import { createServer as createHttpServer } from 'node:http';
import type { IncomingMessage } from 'node:http';
import { connect, createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { GatewayExchange } from '../../../src/gateway/exchange.js';
import { UpgradeService } from '../../../src/gateway/upgrade.service.js';
import { initialSnapshot } from '../../../src/platform/change-feed/snapshot.js';
import { head, jira } from '../../factories/exchange.js';

type Parts = ConstructorParameters<typeof UpgradeService>;

/** The application accepts every upgrade, or never answers. */
describe('a connection upgrade whose client leaves', () => {
  const recorded: string[] = [];
  const arrived: string[] = [];
  /** As the product's: the first end counts. The application's connection tells its own end after the client's. */
  const end = (exchange: GatewayExchange, how: string): void => {
    if (!exchange.finished) recorded.push(how);
    exchange.finished = true;
  };
  const recorder = {
    broken: (exchange: GatewayExchange, detail: string) =>
      end(exchange, `broken: ${detail}, ${exchange.upstreamStartedAt > 0 ? 'sent' : 'not sent'}`),
    deny: (exchange: GatewayExchange) => end(exchange, 'denied'),
    finish: (exchange: GatewayExchange) => end(exchange, 'finished'),
    fail: (exchange: GatewayExchange, _response: unknown, error: unknown) => end(exchange, String(error)),
  };
  const application = createHttpServer().on('upgrade', (request: IncomingMessage, socket: Socket) => {
    arrived.push(request.url ?? '');
    socket.on('error', () => socket.destroy());
    if (request.url === '/open')
      socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n');
  });
  const gateway = createServer({ allowHalfOpen: true });
  let decided: () => void;
  let upgrades: UpgradeService;

  beforeAll(async () => {
    for (const server of [application, gateway]) await once(server.listen(0, '127.0.0.1'), 'listening');
  });
  beforeEach(() => {
    recorded.length = arrived.length = 0;
    const step = {
      decide: async (exchange: GatewayExchange) => {
        await new Promise<void>((resolve) => (decided = resolve));
        return { verdict: 'forward', kind: exchange.decision?.verdict };
      },
    };
    const judge = { judge: () => ({ headers: [], userName: undefined }), denialFor: () => ({}) };
    const forwarder = {
      prepareUpgrade: ({ head: { rawPath } }: GatewayExchange) =>
        Promise.resolve({
          request: { method: 'GET', target: rawPath, headers: ['Host', 'app.test'] },
          judge,
        }),
    };
    upgrades = new UpgradeService(
      { current: { steps: [step] } } as unknown as Parts[0],
      { current: initialSnapshot(), onReload: () => undefined } as unknown as Parts[1],
      forwarder as unknown as Parts[2],
      recorder as unknown as Parts[3],
    );
  });
  afterEach(() => upgrades.onApplicationShutdown());
  afterAll(() => {
    application.closeAllConnections();
    application.close();
    gateway.close();
  });

  const portOf = (server: { address(): unknown }): number => (server.address() as AddressInfo).port;
  const until = async (check: () => boolean): Promise<void> => {
    const deadline = Date.now() + 5000;
    while (!check()) {
      if (Date.now() > deadline) throw new Error(`not in time: ${arrived.join(' ')} | ${recorded.join(' ')}`);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  };
  const begin = async (path: string): Promise<{ client: Socket; handled: Promise<void> }> => {
    const caller = connect(portOf(gateway), '127.0.0.1');
    const [client] = (await once(gateway, 'connection')) as [Socket];
    client.on('error', () => client.destroy());
    client.on('close', () => caller.destroy());
    const exchange = new GatewayExchange(
      'id',
      'id',
      head({ rawPath: path }),
      initialSnapshot(),
      '127.0.0.1',
      undefined,
    );
    exchange.application = { ...jira, origin: `http://127.0.0.1:${portOf(application)}` };
    const request = { headers: { upgrade: 'websocket' }, socket: client, httpVersionMajor: 1, method: 'GET' };
    const handled = upgrades.handle(exchange, request as unknown as IncomingMessage, client, Buffer.alloc(0));
    return { client, handled };
  };

  it('during the decision never reaches the application, where nobody would end it', async () => {
    const { client, handled } = await begin('/open');
    client.destroy();
    await once(client, 'close');
    decided();
    await handled;
    await until(() => recorded.length > 0);
    expect([arrived, recorded]).toEqual([[], ['broken: the client went away, not sent']]);
  });

  it('before the answer leaves open what became of a password that was sent', async () => {
    const { client, handled } = await begin('/silent');
    decided();
    await handled;
    await until(() => arrived.length > 0);
    client.destroy();
    await until(() => recorded.length > 0);
    expect(recorded[0]).toBe('broken: the client went away, sent');
  });

  it('after the switch ends as every other', async () => {
    const { client, handled } = await begin('/open');
    decided();
    await handled;
    await until(() => client.bytesWritten > 0);
    client.destroy();
    await until(() => recorded.length > 0);
    expect(recorded).toEqual(['finished']);
  });
});

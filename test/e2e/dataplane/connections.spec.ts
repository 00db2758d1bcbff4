import { UpstreamPools } from '../../../src/gateway/upstream.pools.js';
import { callsOf, eventually } from '../../support/dataplane.js';
import { RawConnection, rawRequest } from '../../support/raw-http.js';
import {
  head,
  HELPERS,
  MYSELF,
  statuses,
  SYNCHRONY,
  WEBSOCKET,
  WireWorld,
} from '../../support/wire-world.js';
import type { World } from '../../support/world.js';

const SEARCH = '/jira/rest/api/2/search';

/** What one connection owes to its requests, whatever else is on it; seen from the wire. */
describe('connections of the data plane', () => {
  let wire: WireWorld;
  let world: World;
  let alice: string;

  beforeAll(async () => {
    wire = await WireWorld.start();
    ({ world, alice } = wire);
  }, 60_000);
  beforeEach(() => world.jira.clear());
  afterAll(() => world?.stop());

  const slow = (ms: number, ...fields: string[]): string =>
    head('GET', `${HELPERS}slow-headers?delayMs=${ms}`, alice, ...fields);
  const inFlight = (): number => {
    const { byKey } = world.gateway.restgate.app.get<
      UpstreamPools,
      { byKey: Map<string, { inFlight: number }> }
    >(UpstreamPools);
    return [...byKey.values()].reduce((sum, lane) => sum + lane.inFlight, 0);
  };
  const open = (): Promise<number> =>
    new Promise((resolve, reject) =>
      world.gateway.restgate.dataServer.getConnections((error, count) =>
        error ? reject(error) : resolve(count),
      ),
    );
  describe('after a refusal', () => {
    it.each([
      ['without a body', head('GET', MYSELF)],
      ['without a body, by HEAD', head('HEAD', MYSELF)],
      ['with Content-Length: 0', head('POST', SEARCH, 'Content-Length: 0')],
      ['with a small body in the packet of its head', `${head('POST', SEARCH, 'Content-Length: 2')}{}`],
      [
        'with an empty chunked body in the packet of its head',
        `${head('POST', SEARCH, 'Transfer-Encoding: chunked')}0\r\n\r\n`,
      ],
    ])('%s the connection goes on, also with what was pipelined', async (_what, first) => {
      const result = await rawRequest(wire.target, first + wire.me() + wire.me(), {
        expectResponses: 3,
        methods: [first.startsWith('HEAD') ? 'HEAD' : 'GET', 'GET'],
      });
      expect(statuses(result)).toEqual([401, 200, 200]);
      expect(result.responses[0]?.header('Connection')).toEqual(['keep-alive']);
      expect(result.responses[1]?.body.toString()).toContain('"name":"alice"');
    });

    it.each([
      ['of a length', head('POST', SEARCH, 'Content-Length: 100')],
      ['in chunks', head('POST', SEARCH, 'Transfer-Encoding: chunked')],
      ['that waits for 100', head('POST', SEARCH, 'Content-Length: 5', 'Expect: 100-continue')],
    ])('with a body still to come %s the connection ends', async (_what, first) => {
      const client = await RawConnection.open(wire.target);
      client.write(first);
      const result = await client.read({ untilClosed: true });
      client.destroy();
      expect([statuses(result), result.header('Connection'), result.closed, result.informational]).toEqual([
        [401],
        ['close'],
        true,
        [],
      ]);
    });

    it('that ended the connection, nothing pipelined behind it is processed', async () => {
      const malformed = head('POST', `${SEARCH}/%00`, 'Content-Length: 2');
      const upgrade = head('GET', SYNCHRONY, alice, ...WEBSOCKET);
      for (const behind of [wire.me(), upgrade]) {
        const result = await wire.untilClosed(`${malformed}{}${behind}`);
        expect([statuses(result), result.closed]).toEqual([[400], true]);
      }
      expect(callsOf(world.jira)).toEqual([]);
    });
  });

  describe('behind a request that waits for its answer', () => {
    it.each([
      ['an upgrade to WebSocket', () => head('GET', SYNCHRONY, alice, ...WEBSOCKET)],
      ['an upgrade without a credential', () => head('GET', '/', ...WEBSOCKET)],
      ['an upgrade to h2c', () => wire.me('Connection: Upgrade', 'Upgrade: h2c')],
      ['CONNECT', () => 'CONNECT gw.test:443 HTTP/1.1\r\nHost: gw.test\r\n\r\n'],
    ])('%s ends the connection, and is not answered in its place', async (_what, behind) => {
      const pipelined = await wire.untilClosed(slow(500) + behind());
      expect([statuses(pipelined), pipelined.closed]).toEqual([[], true]);
      await wire.expectAlive();
    });

    it('what is no HTTP ends the connection after that answer, and is not answered in its place', async () => {
      const client = await RawConnection.open(wire.target);
      client.write(`${slow(300)}\x01\x02\r\n\r\n`);
      await eventually('the request', () => callsOf(world.jira).length === 1);
      client.write(`\x01\x02\r\n\r\n${wire.me()}`);
      const result = await client.read({ untilClosed: true });
      client.destroy();
      expect([statuses(result), result.body.toString(), result.closed]).toEqual([[200], 'late', true]);
      expect(result.header('Connection')).toEqual(['close']);
      expect(callsOf(world.jira)).toHaveLength(1);
      await wire.expectAlive();
    });

    it.each([
      ['an upgrade to WebSocket', () => head('GET', '/', ...WEBSOCKET)],
      ['CONNECT', () => 'CONNECT gw.test:443 HTTP/1.1\r\nHost: gw.test\r\n\r\n'],
      ['what is no HTTP', () => '\x01\x02\r\n\r\n'],
    ])('and is refused in the same packet, %s harms nobody', async (_what, behind) => {
      const result = await wire.untilClosed(head('GET', MYSELF) + behind());
      expect([[], [401]]).toContainEqual(statuses(result));
      expect(result.closed).toBe(true);
      await wire.expectAlive();
    });

    it('another one frees its connection to the application when the client leaves', async () => {
      const client = await RawConnection.open(wire.target);
      client.write(slow(1000) + head('GET', `${HELPERS}download?bytes=8000000`, alice));
      await eventually('both at the application', () => callsOf(world.jira).length === 2);
      client.destroy();
      await eventually('no request in flight', () => inFlight() === 0);
    });

    it('others are answered in their order', async () => {
      const bodies = (
        await wire.exchange(slow(200) + wire.me() + head('GET', MYSELF) + slow(1), 4)
      ).responses.map(({ status, body }) => [status, body.toString().slice(0, 4)]);
      expect(bodies).toEqual([
        [200, 'late'],
        [200, '{"se'],
        [401, '{"er'],
        [200, 'late'],
      ]);
    });
  });

  it('nothing is processed behind a request whose answer came before its body and ends the connection', async () => {
    const client = await RawConnection.open(wire.target);
    client.write(`${head('POST', `${HELPERS}upload-progress`, alice, 'Content-Length: 4')}ab`);
    await eventually('the head of the answer', () => client.raw.includes('\r\n\r\n'));
    client.write(`cd${wire.me()}`);
    const result = await client.read({ untilClosed: true });
    client.destroy();
    expect([statuses(result), result.header('Connection')]).toEqual([[200], ['close']]);
    expect(result.body.toString()).toContain('done');
    expect(callsOf(world.jira)).toHaveLength(1);
  });

  it('an answer that has begun ends whole, whatever came behind its request', async () => {
    const client = await RawConnection.open(wire.target);
    client.write(head('GET', `${HELPERS}stream?count=10&pauseMs=20`, alice));
    await eventually('the first piece', () => client.raw.includes('piece 0'));
    client.write('\x01\x02\r\n\r\n');
    const result = await client.read({ untilClosed: true });
    client.destroy();
    expect([statuses(result), result.complete, result.closed]).toEqual([[200], true, true]);
    expect(result.body.toString()).toContain('piece 9');
    await wire.expectAlive();
  });

  it('an answer that has begun breaks off when its own request turns out to be malformed', async () => {
    const client = await RawConnection.open(wire.target);
    client.write(
      `${head('POST', `${HELPERS}upload-progress`, alice, 'Transfer-Encoding: chunked')}1\r\na\r\n`,
    );
    await eventually('the head of the answer', () => client.raw.includes('\r\n\r\n'));
    client.write('no chunk\r\n');
    const result = await client.read({ untilClosed: true });
    client.destroy();
    expect([result.status, result.complete, result.closed]).toEqual([200, false, true]);
    expect(result.raw.toString('latin1')).not.toContain('malformed_request');
    await eventually('no request in flight', () => inFlight() === 0);
  });

  it.each([
    ['what is no HTTP', 'garbage\r\n\r\n', 400],
    ['CONNECT', 'CONNECT gw.test:443 HTTP/1.1\r\nHost: gw.test\r\n\r\n', 405],
    ['an upgrade', head('GET', MYSELF, ...WEBSOCKET), 401],
  ])('%s is refused, and its connection is not held open by its client', async (_what, bytes, status) => {
    const before = await open();
    const client = await RawConnection.open(wire.target);
    client.write(bytes);
    expect((await client.read()).status).toBe(status);
    // The client reads the end and does not end its own side.
    await eventually('the end of the connection', async () => (await open()) <= before);
    client.destroy();
  });

  it.each([
    ['CONNECT', 'CONNECT gw.test:443 HTTP/1.1\r\nHost: gw.test\r\n\r\n'],
    ['an upgrade', head('GET', MYSELF, ...WEBSOCKET)],
    ['h2c', head('GET', MYSELF, 'Connection: Upgrade', 'Upgrade: h2c')],
    ['a refusal with a body to come', head('POST', SEARCH, 'Content-Length: 9')],
  ])('a client that resets its connection right behind %s harms nobody', async (_what, bytes) => {
    for (let i = 0; i < 20; i++) {
      const client = await RawConnection.open(wire.target);
      client.write(bytes);
      await new Promise((resolve) => setTimeout(resolve, i % 4));
      client.socket.resetAndDestroy();
    }
    await wire.expectAlive();
  });

  it('many offers of h2c on one connection are each answered, without listeners piling up', async () => {
    const warnings: string[] = [];
    const note = (warning: Error): void => void warnings.push(warning.name);
    process.on('warning', note);
    const client = await RawConnection.open(wire.target);
    try {
      for (let i = 1; i <= 30; i++) {
        client.write(wire.me('Connection: Upgrade', 'Upgrade: h2c'));
        expect((await client.read({ expectResponses: i })).responses).toHaveLength(i);
      }
    } finally {
      client.destroy();
      process.off('warning', note);
    }
    expect(warnings).toEqual([]);
  });
});

describe('connections while the product stops', () => {
  it('end with their next answer; nothing behind it is processed, and an upgrade in the making is not waited for', async () => {
    const wire = await WireWorld.start();
    const { world, alice, target } = wire;
    const [kept, upgrade] = await Promise.all([RawConnection.open(target), RawConnection.open(target)]);
    kept.write(wire.me());
    await kept.read();
    upgrade.write(head('GET', `${HELPERS}hang`, alice, ...WEBSOCKET));
    await eventually('the upgrade', () => callsOf(world.jira).some(({ path }) => path.endsWith('/hang')));
    world.jira.clear();
    const began = Date.now();
    const stopped = world.stop();
    kept.write(wire.me() + head('GET', SEARCH, alice));
    const result = await kept.read({ untilClosed: true });
    await stopped;
    expect(Date.now() - began).toBeLessThan(10_000);
    expect(result.responses.map(({ status }) => status)).toEqual([200, 200]);
    expect(result.responses[1]?.header('Connection')).toEqual(['close']);
    expect(callsOf(world.jira).map(({ path }) => path)).toEqual(['/rest/api/2/myself']);
    expect((await upgrade.read({ untilClosed: true })).closed).toBe(true);
    kept.destroy();
    upgrade.destroy();
  }, 60_000);
});

import { Admission } from '../../../src/gateway/admission.service.js';
import { AnswerJudge } from '../../../src/gateway/answer-judge.js';
import { ExchangeRecorder } from '../../../src/gateway/exchange-recorder.service.js';
import { UpstreamPools } from '../../../src/gateway/upstream.pools.js';
import { AUDIT } from '../../../src/modules/audit/audit.port.js';
import { BypassGuard } from '../../../src/modules/public-api/bypass.guard.js';
import { auditOf, callsOf, eventually } from '../../support/dataplane.js';
import { RawConnection, rawRequest } from '../../support/raw-http.js';
import type { RawResult } from '../../support/raw-http.js';
import { startWorld } from '../../support/world.js';
import type { World } from '../../support/world.js';

const MYSELF = '/jira/rest/api/2/myself';
const HELPERS = '/jira/rest/standin/1.0/';
const WEBSOCKET = [
  'Connection: Upgrade',
  'Upgrade: websocket',
  'Sec-WebSocket-Version: 13',
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
];
/** Long enough for the end of a connection to be noticed. */
const QUIET_MS = 300;

/** The steps run inside of Node's own events: what throws there would end the process. */
describe('when something throws', () => {
  let world: World;
  let alice: string;
  let undo: (() => void)[] = [];

  beforeAll(async () => {
    world = await startWorld();
    alice = `Authorization: Bearer ${await world.tokenOf('alice')}`;
    await world.fetch(MYSELF, 'alice');
  }, 60_000);
  beforeEach(() => world.jira.clear());
  afterEach(() => {
    for (const restore of undo) restore();
    undo = [];
  });
  afterAll(() => world?.stop());

  const head = (method: string, target: string, ...fields: string[]): string =>
    [`${method} ${target} HTTP/1.1`, 'Host: gw.test', ...fields, '', ''].join('\r\n');
  const me = (...fields: string[]): string => head('GET', MYSELF, alice, ...fields);
  const exchange = (bytes: string, expectResponses: number, timeoutMs = 5000): Promise<RawResult> =>
    rawRequest({ port: world.gateway.port }, bytes, { expectResponses, timeoutMs });
  const statuses = (result: RawResult): number[] => result.responses.map(({ status }) => status);
  const isAlive = async (): Promise<void> => expect((await world.fetch(MYSELF, 'alice')).status).toBe(200);
  const breakOnce = <T extends object>(owner: T, method: keyof T & string, error: Error): void => {
    const spy = jest.spyOn(owner as Record<string, () => unknown>, method).mockImplementationOnce(() => {
      throw error;
    });
    undo.push(() => spy.mockRestore());
  };

  it.each([
    ['a step', () => [world.gateway.restgate.app.get(BypassGuard), 'decide'] as const],
    ['the forwarder', () => [world.gateway.restgate.app.get(UpstreamPools), 'for'] as const],
  ])('%s: 503, and the connection goes on', async (what, target) => {
    const [owner, method] = target();
    breakOnce(owner as unknown as Record<string, unknown>, method, new Error('on purpose'));
    const id = `throws-${what.replace(' ', '-')}`;
    const result = await exchange(me(`X-Request-Id: ${id}`) + me(), 2);
    expect(statuses(result)).toEqual([503, 200]);
    expect(JSON.parse(result.body.toString())).toMatchObject({ code: 'internal_error', requestId: id });
    expect(result.body.toString()).not.toContain('on purpose');
    expect(callsOf(world.jira)).toHaveLength(1);
    expect(await auditOf(world.gateway.admin, id)).toMatchObject([
      { decision: 'denied', reason: 'internal_error', status: 503 },
    ]);
  });

  it('a step that rejects after its client left is nobody’s failure', async () => {
    const guard = world.gateway.restgate.app.get(BypassGuard);
    let reject: (error: Error) => void = () => undefined;
    const spy = jest
      .spyOn(guard as unknown as { decide: () => unknown }, 'decide')
      .mockImplementationOnce(() => new Promise((_resolve, no) => (reject = no)));
    undo.push(() => spy.mockRestore());
    const client = await RawConnection.open({ port: world.gateway.port });
    client.write(me('X-Request-Id: left-early'));
    await eventually('the step', () => spy.mock.calls.length > 0);
    client.destroy();
    await new Promise((resolve) => setTimeout(resolve, QUIET_MS));
    reject(new Error('too late'));
    expect(await auditOf(world.gateway.admin, 'left-early')).toMatchObject([
      { detail: 'the client went away', decision: 'denied' },
    ]);
    expect(callsOf(world.jira)).toEqual([]);
    await isAlive();
  });

  it('admission: 503 and the end of the connection, not of the process', async () => {
    breakOnce(world.gateway.restgate.app.get(Admission), 'admit', new Error('on purpose'));
    const plain = await rawRequest({ port: world.gateway.port }, me(), { untilClosed: true });
    expect([statuses(plain), plain.header('Connection'), plain.closed]).toEqual([[503], ['close'], true]);
    breakOnce(world.gateway.restgate.app.get(Admission), 'admit', new Error('on purpose'));
    const upgrade = head('GET', '/jira/synchrony/v1/bayeux', alice, ...WEBSOCKET);
    const switched = await rawRequest({ port: world.gateway.port }, upgrade, { untilClosed: true });
    expect([statuses(switched), switched.closed]).toEqual([[], true]);
    expect(callsOf(world.jira)).toEqual([]);
    await isAlive();
  });

  it.each([
    ['one that switches', '/jira/synchrony/v1/bayeux'],
    ['one that answers', `${HELPERS}status?code=403`],
  ])('the judge of an upgrade, for %s: 503', async (_what, target) => {
    breakOnce(AnswerJudge.prototype, 'judge', new Error('on purpose'));
    const result = await rawRequest({ port: world.gateway.port }, head('GET', target, alice, ...WEBSOCKET), {
      untilClosed: true,
    });
    expect([statuses(result), result.closed]).toEqual([[503], true]);
    await isAlive();
  });

  it('what answers: the connection ends, the process lives on', async () => {
    const recorder = world.gateway.restgate.app.get(ExchangeRecorder);
    breakOnce(recorder, 'deny', new Error('on purpose'));
    breakOnce(recorder, 'deny', new Error('on purpose'));
    const result = await rawRequest({ port: world.gateway.port }, head('GET', MYSELF), {
      untilClosed: true,
    });
    expect([statuses(result), result.closed]).toEqual([[], true]);
    await isAlive();
  });

  it('the second attempt of a read: 503', async () => {
    const pools = world.gateway.restgate.app.get(UpstreamPools);
    const usual = pools.for.bind(pools);
    let thrown = 0;
    const spy = jest.spyOn(pools, 'for').mockImplementation((application) => {
      if (callsOf(world.jira).length !== 1 || thrown > 0) return usual(application);
      thrown++;
      throw new Error('on purpose');
    });
    undo.push(() => spy.mockRestore());
    const result = await exchange(head('GET', `${HELPERS}close-before-headers`, alice), 1);
    expect([statuses(result), thrown]).toEqual([[503], 1]);
    await isAlive();
  });

  it('the audit log, after the answer: the process lives on', async () => {
    breakOnce(world.gateway.restgate.app.get(AUDIT), 'record', new Error('on purpose'));
    expect(statuses(await exchange(head('GET', MYSELF) + me(), 2))).toEqual([401, 200]);
    await isAlive();
  });
});

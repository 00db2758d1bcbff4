import { Admission } from '../../../src/gateway/admission.service.js';
import { AnswerJudge } from '../../../src/gateway/answer-judge.js';
import { ExchangeRecorder } from '../../../src/gateway/exchange-recorder.service.js';
import { UpstreamPools } from '../../../src/gateway/upstream.pools.js';
import { AUDIT } from '../../../src/modules/audit/audit.port.js';
import { BypassGuard } from '../../../src/modules/public-api/bypass.guard.js';
import { auditOf, callsOf, eventually } from '../../support/dataplane.js';
import { RawConnection } from '../../support/raw-http.js';
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

/** Long enough for the end of a connection to be noticed. */
const QUIET_MS = 300;

/** The steps run inside of Node's own events: what throws there would end the process. */
describe('when something throws', () => {
  let wire: WireWorld;
  let world: World;
  let alice: string;

  beforeAll(async () => {
    wire = await WireWorld.start();
    ({ world, alice } = wire);
  }, 60_000);
  beforeEach(() => world.jira.clear());
  afterEach(() => jest.restoreAllMocks());
  afterAll(() => world?.stop());

  const breakOnce = <T extends object>(owner: T, method: keyof T & string, error: Error): void => {
    jest.spyOn(owner as Record<string, () => unknown>, method).mockImplementationOnce(() => {
      throw error;
    });
  };

  it.each([
    ['a step', () => [world.gateway.restgate.app.get(BypassGuard), 'decide'] as const],
    ['the forwarder', () => [world.gateway.restgate.app.get(UpstreamPools), 'for'] as const],
  ])('%s: 503, and the connection goes on', async (what, target) => {
    const [owner, method] = target();
    breakOnce(owner as unknown as Record<string, unknown>, method, new Error('on purpose'));
    const id = `throws-${what.replace(' ', '-')}`;
    const result = await wire.exchange(wire.me(`X-Request-Id: ${id}`) + wire.me(), 2);
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
    const client = await RawConnection.open(wire.target);
    client.write(wire.me('X-Request-Id: left-early'));
    await eventually('the step', () => spy.mock.calls.length > 0);
    client.destroy();
    await new Promise((resolve) => setTimeout(resolve, QUIET_MS));
    reject(new Error('too late'));
    expect(await auditOf(world.gateway.admin, 'left-early')).toMatchObject([
      { detail: 'the client went away', decision: 'denied' },
    ]);
    expect(callsOf(world.jira)).toEqual([]);
    await wire.expectAlive();
  });

  it('admission: 503 and the end of the connection, not of the process', async () => {
    breakOnce(world.gateway.restgate.app.get(Admission), 'admit', new Error('on purpose'));
    const plain = await wire.untilClosed(wire.me());
    expect([statuses(plain), plain.header('Connection'), plain.closed]).toEqual([[503], ['close'], true]);
    breakOnce(world.gateway.restgate.app.get(Admission), 'admit', new Error('on purpose'));
    const upgrade = head('GET', SYNCHRONY, alice, ...WEBSOCKET);
    const switched = await wire.untilClosed(upgrade);
    expect([statuses(switched), switched.closed]).toEqual([[], true]);
    expect(callsOf(world.jira)).toEqual([]);
    await wire.expectAlive();
  });

  it.each([
    ['one that switches', SYNCHRONY],
    ['one that answers', `${HELPERS}status?code=403`],
  ])('the judge of an upgrade, for %s: 503', async (_what, target) => {
    breakOnce(AnswerJudge.prototype, 'judge', new Error('on purpose'));
    const result = await wire.untilClosed(head('GET', target, alice, ...WEBSOCKET));
    expect([statuses(result), result.closed]).toEqual([[503], true]);
    await wire.expectAlive();
  });

  it.each([
    ['a request', 'unanswered-request', []],
    ['an upgrade', 'unanswered-upgrade', WEBSOCKET],
  ])('what answers %s: the connection ends, and the event says so', async (_what, id, fields) => {
    const recorder = world.gateway.restgate.app.get(ExchangeRecorder);
    breakOnce(recorder, 'deny', new Error('on purpose'));
    breakOnce(recorder, 'deny', new Error('on purpose'));
    const result = await wire.untilClosed(head('GET', MYSELF, `X-Request-Id: ${id}`, ...fields));
    expect([statuses(result), result.closed]).toEqual([[], true]);
    expect(await auditOf(world.gateway.admin, id)).toMatchObject([
      { decision: 'denied', reason: 'internal_error', detail: 'the answer failed', status: null },
    ]);
    await wire.expectAlive();
  });

  it('what answers and what records: the process lives on', async () => {
    const recorder = world.gateway.restgate.app.get(ExchangeRecorder);
    breakOnce(recorder, 'deny', new Error('on purpose'));
    breakOnce(recorder, 'deny', new Error('on purpose'));
    breakOnce(world.gateway.restgate.app.get(AUDIT), 'record', new Error('on purpose'));
    const result = await wire.untilClosed(head('GET', MYSELF));
    expect([statuses(result), result.closed]).toEqual([[], true]);
    await wire.expectAlive();
  });

  it('the second attempt of a read: 503', async () => {
    const pools = world.gateway.restgate.app.get(UpstreamPools);
    const usual = pools.for.bind(pools);
    let thrown = 0;
    jest.spyOn(pools, 'for').mockImplementation((application) => {
      if (callsOf(world.jira).length !== 1 || thrown > 0) return usual(application);
      thrown++;
      throw new Error('on purpose');
    });
    const result = await wire.exchange(head('GET', `${HELPERS}close-before-headers`, alice), 1);
    expect([statuses(result), thrown]).toEqual([[503], 1]);
    await wire.expectAlive();
  });

  it('the audit log, after the answer: the process lives on', async () => {
    breakOnce(world.gateway.restgate.app.get(AUDIT), 'record', new Error('on purpose'));
    expect(statuses(await wire.exchange(head('GET', MYSELF) + wire.me(), 2))).toEqual([401, 200]);
    await wire.expectAlive();
  });
});

import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { ChainWalk } from '../../../src/modules/audit/audit-chain-walk.policy.js';
import type { ChainedRow } from '../../../src/modules/audit/audit-chain-walk.policy.js';
import { AuditQueue } from '../../../src/modules/audit/audit-queue.service.js';
import type { QueueOptions } from '../../../src/modules/audit/audit-queue.service.js';
import type { AuditRow } from '../../../src/modules/audit/audit-row.policy.js';
import { auditEvent } from '../../factories/audit-event.js';
import { rowsOf } from '../../support/audit/stored-groups.js';
import type { RowLink } from '../../support/audit/stored-groups.js';

const MEGABYTE = 1024 * 1024;
const faults: string[] = [];

beforeEach(() => {
  faults.length = 0;
});

function newQueue(over: Partial<QueueOptions> = {}): AuditQueue {
  const log = { error: (_fields: object, message: string) => faults.push(message) };
  return new AuditQueue({ writer: 'abcdef012345', capacity: 8 * MEGABYTE, log, ...over });
}

type Line = AuditRow & RowLink;

/** Everything that waits, in its order; every line must be whole. */
function drain(queue: AuditQueue): Line[] {
  const { lines } = queue;
  const found: Line[] = [];
  queue.endGroup();
  for (let taken = lines.take(MEGABYTE); taken; taken = lines.take(MEGABYTE)) {
    for (const part of taken.parts) {
      const texts = part.toString('utf8').split('\n');
      expect(texts.pop()).toBe('');
      found.push(...texts.flatMap(rowsOf));
    }
    lines.release();
  }
  return found;
}

function numbers(lines: readonly Line[]): number[] {
  return lines.map(({ request_id: id }) => Number(id));
}

/** As `audit:verify` follows a chain: what is wrong with it. */
function walk(lines: readonly Line[]): string[] {
  const chain = lines[0]?.chain ?? '';
  const steps = new ChainWalk(chain.slice(0, 10), chain);
  const wrong = lines.map((line) =>
    steps.step({ ...line, time: new Date(line.time) } as unknown as ChainedRow),
  );
  const last = lines.at(-1);
  const head = { chain, day: chain.slice(0, 10), seq: last?.seq ?? 0, hash: last?.hash ?? '' };
  wrong.push(steps.finish(head, { through: '', chains: new Map() }));
  return wrong.flatMap((fault) => (fault ? [fault.fault] : []));
}

describe('the queue of the audit log', () => {
  it('gives whole lines in their order, linked, also where one piece of memory ends and the next begins', () => {
    const queue = newQueue();
    const time = Date.now();
    for (let n = 0; n < 6000; n++) queue.record(auditEvent({ time, requestId: String(n), user: `王${n}` }));
    expect(queue.lines.take(8 * MEGABYTE)?.parts.length).toBeGreaterThan(3);
    const lines = drain(queue);
    expect(numbers(lines)).toEqual(Array.from({ length: 6000 }, (_unused, n) => n));
    expect(walk(lines)).toEqual([]);
    expect([queue.waiting, queue.lines.bytes, queue.dropped]).toEqual([0, 0, 0]);
  });

  it('takes lines of every length: larger than what is left of a piece of memory, and larger than a piece', () => {
    const queue = newQueue();
    const large = Array.from({ length: 20 }, (_unused, n) => `${n} "quoted" 王`.repeat(200));
    const change = { category: 'admin', target: 'x', before: large, after: [...large, 1] } as const;
    // Their JSON within JSON has some 60 000 characters each.
    expect(JSON.stringify(large).length).toBeLessThan(65_536);
    const time = Date.now();
    for (let n = 0; n < 30; n++)
      queue.record(auditEvent({ time, requestId: String(n), ...(n % 3 === 1 ? change : {}) }));
    queue.record(
      auditEvent({ time, requestId: '30', path: '/王'.repeat(2048), query: '?q=王'.repeat(1365) }),
    );
    const lines = drain(queue);
    expect(numbers(lines)).toEqual(Array.from({ length: 31 }, (_unused, n) => n));
    expect(lines[1]?.before).toBe(JSON.stringify(large));
    expect(walk(lines)).toEqual([]);
  });

  it('takes a change whose line is larger than a piece of memory', () => {
    const queue = newQueue();
    const time = Date.now();
    const long = Array.from({ length: 16 }, () => '王'.repeat(4000));
    const change = { category: 'admin', target: 'x', before: long, after: long } as const;
    queue.record(auditEvent({ time, requestId: '0' }));
    queue.record(auditEvent({ time, requestId: '1', ...change }));
    queue.record(auditEvent({ time, requestId: '2' }));
    queue.endGroup();
    expect(queue.lines.bytes).toBeGreaterThan(380_000);
    const lines = drain(queue);
    expect(numbers(lines)).toEqual([0, 1, 2]);
    expect(lines[1]?.after).toBe(JSON.stringify(long));
    expect(walk(lines)).toEqual([]);
  });

  it('holds on to nothing of an event', async () => {
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    const queue = newQueue({ wantsRows: () => true });
    const recorded = ((): WeakRef<object>[] =>
      Array.from({ length: 100 }, (_unused, n) => {
        const event = auditEvent({ requestId: String(n), wouldDeny: ['token_scope'] });
        queue.record(event);
        return new WeakRef(event);
      }))();
    await new Promise((resolve) => setTimeout(resolve, 0));
    collect();
    expect(recorded.filter((reference) => reference.deref() !== undefined)).toHaveLength(0);
    expect(numbers(drain(queue))).toHaveLength(100);
  });

  it('does not hold on to what a text that it remembers was cut out of, an address with its query for one', () => {
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    const queue = newQueue();
    const heapUsed = (): number => {
      collect();
      return process.memoryUsage().heapUsed;
    };
    const before = heapUsed();
    for (let n = 0; n < 2000; n++) {
      const target = Buffer.from(`/rest/api/2/issue/CUT-${n}?expand=names&x=${'y'.repeat(20_000)}`).toString(
        'latin1',
      );
      const mark = target.indexOf('?');
      const path = target.slice(0, mark);
      const query = target.slice(mark, target.indexOf('&'));
      queue.record(
        auditEvent({ path, query, user: target.slice(0, mark), userAgent: target.slice(1, mark) }),
      );
      drain(queue);
    }
    // Four texts of each of 2000 addresses of 20 KB.
    expect(heapUsed() - before).toBeLessThan(20 * MEGABYTE);
  });

  it('drops the oldest when it is full, counts them, and its chain shows that they are missing', () => {
    const queue = newQueue({ capacity: MEGABYTE });
    const time = Date.now();
    for (let n = 0; n < 5000; n++) queue.record(auditEvent({ time, requestId: String(n) }));
    const lines = drain(queue);
    expect(queue.dropped).toBeGreaterThan(1000);
    expect(lines.length + queue.dropped).toBe(5000);
    expect(numbers(lines)).toEqual(Array.from({ length: lines.length }, (_unused, n) => queue.dropped + n));
    const missing = `rows are missing: ${queue.dropped} in all, the last is number ${queue.dropped}`;
    expect(walk(lines)).toEqual([missing]);
  });

  it('does not drop what is on its way to the disk', () => {
    const queue = newQueue({ capacity: MEGABYTE });
    for (let n = 0; n < 10; n++) queue.record(auditEvent({ requestId: String(n) }));
    queue.endGroup();
    const taken = queue.lines.take(MEGABYTE)?.parts.map((part) => part.toString('utf8'));
    for (let n = 10; n < 5000; n++) queue.record(auditEvent({ requestId: String(n) }));
    expect(queue.lines.take(1)?.parts.map((part) => part.toString('utf8'))).toEqual(taken);
    const lines = numbers(drain(queue));
    expect(lines.slice(0, 10)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect(lines.length + queue.dropped).toBe(5000);
    expect(lines.at(-1)).toBe(4999);
  });

  it('takes no new ones when it is full and nothing may be dropped, and leaves no gap in its chain', () => {
    const queue = newQueue({ capacity: MEGABYTE });
    const time = Date.now();
    queue.whenFull = 'refuse';
    for (let n = 0; n < 5000; n++) queue.record(auditEvent({ time, requestId: String(n) }));
    const lines = drain(queue);
    queue.record(auditEvent({ time, requestId: '5000' }));
    lines.push(...drain(queue));
    expect(numbers(lines)).toEqual([...Array.from({ length: lines.length - 1 }, (_unused, n) => n), 5000]);
    expect(lines.length + queue.dropped).toBe(5001);
    expect(walk(lines)).toEqual([]);
  });

  it('keeps every event that it took when nothing may be dropped, also when a huge one ends the group', () => {
    const queue = newQueue({ capacity: 0.75 * MEGABYTE });
    queue.whenFull = 'refuse';
    const time = Date.now();
    const long = Array.from({ length: 16 }, () => '王'.repeat(4000));
    const taken: number[] = [];
    for (let n = 0; n < 2000; n++) {
      const before = queue.dropped;
      const huge = n % 80 === 79 ? { before: long, after: long } : {};
      queue.record(auditEvent({ time, requestId: String(n), ...huge }));
      if (queue.dropped === before) taken.push(n);
    }
    expect(queue.dropped).toBeGreaterThan(0);
    expect(numbers(drain(queue))).toEqual(taken);
    expect(taken.length + queue.dropped).toBe(2000);
  });

  it('uses its memory again', () => {
    const queue = newQueue();
    const memory = new Set<ArrayBufferLike>();
    for (let round = 0; round < 200; round++) {
      for (let n = 0; n < 100; n++) queue.record(auditEvent());
      queue.endGroup();
      for (const part of queue.lines.take(MEGABYTE)?.parts ?? []) memory.add(part.buffer);
      // Some come while the others are written.
      for (let n = 0; n < 100; n++) queue.record(auditEvent());
      queue.lines.release();
    }
    expect(memory.size).toBeLessThan(4);
  });

  it('counts an event that cannot be written as a line, says so, and its chain does not notice', () => {
    const queue = newQueue();
    const time = Date.now();
    const circular: { self?: object } = {};
    circular.self = { big: 1n };
    queue.record(auditEvent({ time, requestId: '0' }));
    queue.record(auditEvent({ time: Number.NaN }));
    queue.record(auditEvent({ time, category: 'admin', after: circular }));
    queue.record(auditEvent({ time, requestId: '1' }));
    const lines = drain(queue);
    expect([numbers(lines), queue.dropped, walk(lines)]).toEqual([[0, 1], 2, []]);
    expect(faults).toEqual(Array(2).fill('an audit event cannot be written and is lost'));
  });

  it('gives rows to whoever wants them, and makes none otherwise', () => {
    const given: AuditRow[] = [];
    let wanted = false;
    const queue = newQueue({ onRows: (rows) => given.push(...rows), wantsRows: () => wanted });
    queue.record(auditEvent({ requestId: 'unwanted' }));
    wanted = true;
    for (let n = 0; n < 2500; n++) queue.record(auditEvent({ requestId: String(n) }));
    expect(given).toHaveLength(2000);
    queue.handOverRows();
    queue.handOverRows();
    expect(given.map(({ request_id: id }) => Number(id))).toEqual(
      Array.from({ length: 2500 }, (_unused, n) => n),
    );
  });
});

import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { eventsOf } from '../../../src/modules/audit/audit-group.policy.js';
import { AuditQueue } from '../../../src/modules/audit/audit-queue.service.js';
import { AuditShipper } from '../../../src/modules/audit/audit-shipper.service.js';
import { lineOfBatch } from '../../../src/modules/audit/audit-batch.policy.js';
import { AuditWriter } from '../../../src/modules/audit/audit-writer.service.js';
import { Spill } from '../../../src/platform/spill/spill.js';
import { auditEvent } from '../../factories/audit-event.js';

describe('the audit writer when the room for waiting events is used up', () => {
  let root: string;
  let queue: AuditQueue;
  let spill: Spill;
  let writer: AuditWriter;
  const alarms: string[] = [];

  beforeEach(async () => {
    root = mkdtempSync(join(tmpdir(), 'restgate-writer-'));
    alarms.length = 0;
    spill = new Spill({ root, segmentBytes: 100_000, entriesOf: eventsOf });
    const log = { error: (_f: object, text: string) => alarms.push(text), warn: () => undefined };
    queue = new AuditQueue({ writer: spill.writer, capacity: 2 * 1024 * 1024, log });
    writer = new AuditWriter(queue, spill, { now: () => Date.now() }, { log });
    await spill.open();
  });

  afterEach(async () => {
    await spill.close();
    rmSync(root, { recursive: true, force: true });
  });

  async function record(count: number): Promise<void> {
    for (let sent = 0; sent < count; sent += 200) {
      for (let n = 0; n < 200; n++) queue.record(auditEvent());
      await writer.flush();
    }
  }

  /** What another process finds. */
  async function keptEvents(): Promise<number> {
    let events = 0;
    for (let batch = await spill.next(); batch; batch = await spill.next()) {
      for (let line = 0; line < batch.ends.length; line++) events += eventsOf(lineOfBatch(batch, line));
      await batch.commit();
    }
    return events;
  }

  it('R-03 drops the oldest, counts every one, stays within the room and raises an alarm', async () => {
    writer.limit({ maxBytes: 500_000, whenFull: 'drop-oldest' });
    await record(2000);
    expect(spill.bytes).toBeLessThanOrEqual(500_000);
    expect(writer.refusing).toBe(false);
    expect(alarms).toEqual(['the room for audit events that wait for the database runs out']);
    expect(writer.dropped).toBeGreaterThan(0);
    expect((await keptEvents()) + writer.dropped).toBe(2000);
  });

  it('R-03 refuses instead where the setting says so, loses nothing that it took, and goes on when there is room', async () => {
    writer.limit({ maxBytes: 500_000, whenFull: 'refuse' });
    let taken = 0;
    while (!writer.refusing) {
      await record(200);
      taken += 200;
    }
    expect(writer.dropped + queue.dropped).toBe(0);
    let events = await keptEvents();
    await writer.flush();
    expect(writer.refusing).toBe(false);
    events += await keptEvents();
    expect(events).toBe(taken);
  });

  it('keeps events in memory while the disk cannot be written', async () => {
    const append = jest
      .spyOn(spill, 'append')
      .mockRejectedValue(Object.assign(new Error('full'), { code: 'ENOSPC' }));
    for (let n = 0; n < 10; n++) queue.record(auditEvent());
    await writer.flush();
    expect([writer.waiting, writer.problem, alarms.length]).toEqual([10, 'ENOSPC', 1]);
    append.mockRestore();
    await writer.flush();
    expect([writer.waiting, writer.problem, await keptEvents()]).toEqual([0, undefined, 10]);
  });

  it('leaves out an event that cannot be written, counts it, and keeps the others', async () => {
    queue.record(auditEvent());
    queue.record(auditEvent({ time: Number.NaN }));
    queue.record(auditEvent());
    await writer.flush();
    expect([queue.dropped, writer.dropped, await keptEvents()]).toEqual([1, 0, 2]);
  });

  describe('while the disk stands still', () => {
    let proceed: () => void;

    beforeEach(() => {
      const append = spill.append.bind(spill);
      const still = new Promise<void>((resolve) => (proceed = resolve));
      jest.spyOn(spill, 'append').mockImplementation(async (parts) => {
        await still;
        await append(parts);
      });
      writer.start();
    });

    async function recordUntilFull(): Promise<number> {
      let recorded = 0;
      for (let round = 0; round < 10; round++) {
        for (let n = 0; n < 1000; n++) queue.record(auditEvent());
        recorded += 1000;
        await new Promise((resolve) => setTimeout(resolve, 60));
      }
      return recorded;
    }

    it('events wait in memory within bounds, the oldest are dropped and counted, and an alarm is raised', async () => {
      writer.limit({ maxBytes: Number.MAX_SAFE_INTEGER, whenFull: 'drop-oldest' });
      const recorded = await recordUntilFull();
      expect(queue.lines.bytes).toBeLessThanOrEqual(2 * 1024 * 1024);
      expect(queue.dropped).toBeGreaterThan(0);
      expect(writer.waiting + queue.dropped).toBe(recorded);
      expect([writer.problem, writer.refusing]).toEqual(['disk_too_slow', false]);
      expect(alarms).toEqual(['the disk is too slow for the audit events; they wait in memory']);
      proceed();
      await writer.stop();
      expect([writer.waiting, writer.problem]).toEqual([0, undefined]);
      expect((await keptEvents()) + queue.dropped).toBe(recorded);
    });

    it('requests are refused before events are lost, where the setting says so', async () => {
      writer.limit({ maxBytes: Number.MAX_SAFE_INTEGER, whenFull: 'refuse' });
      let recorded = 0;
      for (; !writer.refusing; recorded++) queue.record(auditEvent());
      expect([queue.dropped, writer.waiting]).toEqual([0, recorded]);
      proceed();
      await writer.stop();
      expect([writer.refusing, await keptEvents()]).toEqual([false, recorded]);
    });
  });
});

describe('lines that the database refuses for their content', () => {
  it('are put aside, and do not stop the others', async () => {
    const root = mkdtempSync(join(tmpdir(), 'restgate-shipper-'));
    const spill = new Spill({ root: join(root, 'spill') });
    await spill.open();
    const kept: string[] = [];
    const sql = {
      transaction: () => Promise.reject(new Error('no group was refused')),
      query: async <T>(_text: string, values?: unknown[]): Promise<T> => {
        const [value] = values as [Buffer];
        expect(value[0]).toBe(1);
        const lines = JSON.parse(value.toString('utf8', 1)) as string[];
        if (lines.some((line) => line.startsWith('bad')))
          throw Object.assign(new Error('invalid input'), {
            parameters: values,
            driverError: Object.assign(new Error('invalid input'), { code: '22P02' }),
          });
        kept.push(...lines);
        return [{ added: lines.length }] as T;
      },
    };
    const logged: object[] = [];
    const log = { error: (fields: object) => logged.push(fields), warn: (): void => undefined };
    const rejectedFile = join(root, 'rejected.ndjson');
    const shipper = new AuditShipper(spill, sql, { log, rejectedFile });
    const lines = ['a', 'b', 'bad ü', 'c', 'd', 'bad', 'é'].map((text) => `${JSON.stringify(text)}\n`);
    await spill.append(lines.map((line) => Buffer.from(line)));
    shipper.start();
    expect(await shipper.drained(5000)).toBe(true);
    await shipper.stop();
    await spill.close();
    expect([kept, shipper.dropped]).toEqual([['a', 'b', 'c', 'd', 'é'], 2]);
    expect(readFileSync(rejectedFile, 'utf8')).toBe('"bad ü"\n"bad"\n');
    // Neither the statement nor the batch belongs in the log.
    expect(inspect(logged, { depth: 5 })).not.toContain('parameters');
    rmSync(root, { recursive: true, force: true });
  });
});

describe('a good line that comes while the table of its day is made', () => {
  it('is refused by PostgreSQL the first time, and taken the second', async () => {
    const root = mkdtempSync(join(tmpdir(), 'restgate-shipper-'));
    const spill = new Spill({ root });
    await spill.open();
    let asked = 0;
    const sql = {
      transaction: () => Promise.reject(new Error('no group was refused')),
      query: async <T>(): Promise<T> => {
        asked += 1;
        if (asked === 1) throw Object.assign(new Error('partition constraint'), { code: '23514' });
        return [{ added: 1 }] as T;
      },
    };
    const log = { error: (): void => undefined, warn: (): void => undefined };
    const shipper = new AuditShipper(spill, sql, { log, rejectedFile: join(root, 'rejected.ndjson') });
    await spill.append([Buffer.from('{}\n')]);
    shipper.start();
    expect(await shipper.drained(5000)).toBe(true);
    await shipper.stop();
    await spill.close();
    expect([asked, shipper.dropped]).toEqual([2, 0]);
    rmSync(root, { recursive: true, force: true });
  });
});

describe('the shipper under load', () => {
  it('sends the first lines at once, then those of half a second together', async () => {
    const root = mkdtempSync(join(tmpdir(), 'restgate-shipper-'));
    const spill = new Spill({ root });
    await spill.open();
    const batches: number[] = [];
    const sql = {
      transaction: () => Promise.reject(new Error('no group was refused')),
      query: async <T>(_text: string, values?: unknown[]): Promise<T> => {
        batches.push((JSON.parse((values as [Buffer])[0].toString('utf8', 1)) as string[]).length);
        return [{ added: 1 }] as T;
      },
    };
    const log = { error: (): void => undefined, warn: (): void => undefined };
    const shipper = new AuditShipper(spill, sql, { log, rejectedFile: join(root, 'rejected.ndjson') });
    shipper.start();
    for (let n = 0; n < 4; n++) {
      await spill.append([Buffer.from('1\n')]);
      shipper.notify();
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    expect(batches).toEqual([1]);
    expect(await shipper.drained(5000)).toBe(true);
    expect(batches).toEqual([1, 3]);
    await shipper.stop();
    await spill.close();
    rmSync(root, { recursive: true, force: true });
  });
});

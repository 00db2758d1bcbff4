import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AuditQueue } from '../../../src/modules/audit/audit-queue.service.js';
import { AuditShipper } from '../../../src/modules/audit/audit-shipper.service.js';
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
    queue = new AuditQueue(1000);
    spill = new Spill({ root, segmentBytes: 100_000 });
    const log = { error: (_f: object, text: string) => alarms.push(text), warn: () => undefined };
    writer = new AuditWriter(queue, spill, { now: () => Date.now() }, { log });
    await spill.open();
  });

  afterEach(async () => {
    await spill.close();
    rmSync(root, { recursive: true, force: true });
  });

  async function record(count: number): Promise<void> {
    for (let sent = 0; sent < count; sent += 200) {
      for (let n = 0; n < 200; n++) queue.push(auditEvent());
      await writer.flush();
    }
  }

  /** What another process finds. */
  async function keptLines(): Promise<number> {
    let lines = 0;
    for (let batch = await spill.next(); batch; batch = await spill.next()) {
      lines += batch.lines.length;
      await batch.commit();
    }
    return lines;
  }

  it('R-03 drops the oldest, counts every one, stays within the room and raises an alarm', async () => {
    writer.limit({ maxBytes: 500_000, whenFull: 'drop-oldest' });
    await record(2000);
    expect(spill.bytes).toBeLessThanOrEqual(500_000);
    expect(writer.refusing).toBe(false);
    expect(alarms).toEqual(['the room for audit events that wait for the database runs out']);
    expect(writer.dropped).toBeGreaterThan(0);
    expect((await keptLines()) + writer.dropped).toBe(2000);
  });

  it('R-03 refuses instead where the setting says so, loses nothing that it took, and goes on when there is room', async () => {
    writer.limit({ maxBytes: 500_000, whenFull: 'refuse' });
    let taken = 0;
    while (!writer.refusing) {
      await record(200);
      taken += 200;
    }
    expect(writer.dropped + queue.dropped).toBe(0);
    let lines = await keptLines();
    await writer.flush();
    expect(writer.refusing).toBe(false);
    lines += await keptLines();
    expect(lines).toBe(taken);
  });

  it('keeps events in memory while the disk cannot be written', async () => {
    const append = jest
      .spyOn(spill, 'append')
      .mockRejectedValue(Object.assign(new Error('full'), { code: 'ENOSPC' }));
    for (let n = 0; n < 10; n++) queue.push(auditEvent());
    await writer.flush();
    expect([writer.waiting, writer.problem, alarms.length]).toEqual([10, 'ENOSPC', 1]);
    append.mockRestore();
    await writer.flush();
    expect([writer.waiting, writer.problem, await keptLines()]).toEqual([0, undefined, 10]);
  });

  it('leaves out an event that cannot be written, counts it, and keeps the others', async () => {
    queue.push(auditEvent());
    queue.push(auditEvent({ time: Number.NaN }));
    queue.push(auditEvent());
    await writer.flush();
    expect([writer.dropped, await keptLines()]).toEqual([1, 2]);
  });
});

describe('lines that the database refuses for their content', () => {
  it('are put aside, and do not stop the others', async () => {
    const root = mkdtempSync(join(tmpdir(), 'restgate-shipper-'));
    const spill = new Spill({ root: join(root, 'spill') });
    await spill.open();
    const kept: string[] = [];
    const sql = {
      query: async <T>(_text: string, values?: unknown[]): Promise<T> => {
        const lines = JSON.parse(String(values?.[0])) as string[];
        if (lines.includes('bad')) throw Object.assign(new Error('invalid input'), { code: '22P02' });
        kept.push(...lines);
        return [{ added: lines.length }] as T;
      },
    };
    const log = { error: (): void => undefined, warn: (): void => undefined };
    const shipper = new AuditShipper(spill, sql, { log, rejectedFile: join(root, 'rejected.ndjson') });
    await spill.append(`${['a', 'b', 'bad', 'c'].map((text) => JSON.stringify(text)).join('\n')}\n`);
    shipper.start();
    expect(await shipper.drained(5000)).toBe(true);
    await shipper.stop();
    await spill.close();
    expect([kept, shipper.dropped]).toEqual([['a', 'b', 'c'], 1]);
    rmSync(root, { recursive: true, force: true });
  });
});

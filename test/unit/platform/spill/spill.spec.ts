import { appendFileSync, existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { ROOM_BEFORE_LINES } from '../../../../src/platform/spill/segment-reader.js';
import { Spill } from '../../../../src/platform/spill/spill.js';
import type { SpillBatch } from '../../../../src/platform/spill/spill.js';

describe('the spill', () => {
  let root: string;
  const spills: Spill[] = [];

  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'restgate-spill-'));
  });

  afterEach(async () => {
    for (const spill of spills.splice(0)) await spill.close();
    rmSync(root, { recursive: true, force: true });
  });

  async function opened(segmentBytes?: number): Promise<Spill> {
    const spill = new Spill({ root, segmentBytes, batchLines: 3 });
    await spill.open();
    spills.push(spill);
    return spill;
  }

  interface Writable {
    writev(parts: readonly Buffer[], position: number): Promise<{ bytesWritten: number }>;
    datasync(): Promise<void>;
  }

  /** The file that is written to, for faults of the system. */
  function activeFile(spill: Spill): Writable {
    return (spill as unknown as { active: { file: Writable } }).active.file;
  }

  /** Of each write the system takes only what `part` says; `call` counts from 1. Answers the writes. */
  function limitWrites(
    spill: Spill,
    part: (parts: readonly Buffer[], call: number) => readonly Buffer[],
  ): { readonly calls: number } {
    const file = activeFile(spill);
    const writev = file.writev.bind(file);
    const writes = { calls: 0 };
    file.writev = async (parts, position) => writev(part(parts, ++writes.calls), position);
    return writes;
  }

  function beginning([first]: readonly Buffer[]): Buffer[] {
    return first ? [first.subarray(0, 3)] : [];
  }

  function bytes(...lines: string[]): Buffer[] {
    return lines.map((line) => Buffer.from(line));
  }

  function linesOf(batch: SpillBatch | undefined): string[] | undefined {
    return batch?.ends.map((end, n) =>
      batch.bytes.toString('utf8', batch.ends[n - 1] ?? ROOM_BEFORE_LINES, end - 1),
    );
  }

  async function readAll(spill: Spill): Promise<string[]> {
    const lines: string[] = [];
    for (let batch = await spill.next(); batch; batch = await spill.next()) {
      lines.push(...(linesOf(batch) ?? []));
      await batch.commit();
    }
    return lines;
  }

  /** As if the process that wrote it had died. */
  function kill(spill: Spill): void {
    const owner = join(root, spill.writer, 'owner.json');
    writeFileSync(owner, JSON.stringify({ host: hostname(), pid: 999_999_999, began: '1' }));
  }

  it('gives lines back in their order, in batches, across files', async () => {
    const spill = await opened(40);
    const lines = Array.from({ length: 20 }, (_unused, n) => `line ${n}`);
    for (const line of lines) await spill.append(bytes(`${line}\n`));
    expect(await readAll(spill)).toEqual(lines);
    expect(spill.pendingBytes).toBe(0);
  });

  it('gives a batch again until it was committed', async () => {
    const spill = await opened();
    await spill.append(bytes('a\nb\n'));
    expect(linesOf(await spill.next())).toEqual(['a', 'b']);
    const again = await spill.next();
    expect(linesOf(again)).toEqual(['a', 'b']);
    await again?.commit();
    expect(await spill.next()).toBeUndefined();
  });

  it('takes over what a dead process left, from where it had got to, before its own lines', async () => {
    const first = await opened();
    await first.append(bytes('a\nb\nc\nd\n'));
    await (await first.next())?.commit();
    kill(first);
    const second = await opened();
    await second.append(bytes('e\n'));
    expect(await readAll(second)).toEqual(['d', 'e']);
    expect(readdirSync(root)).toEqual([second.writer]);
  });

  it('takes over what was left at an orderly end', async () => {
    const first = await opened();
    await first.append(bytes('a\n'));
    await first.close();
    expect(await readAll(await opened())).toEqual(['a']);
  });

  it('leaves nothing behind when all was delivered', async () => {
    const spill = await opened();
    await spill.append(bytes('a\n'));
    await readAll(spill);
    await spill.close();
    expect(readdirSync(root)).toEqual([]);
  });

  it('leaves a living process alone', async () => {
    const first = await opened();
    await first.append(bytes('a\n'));
    expect(await readAll(await opened())).toEqual([]);
    expect(await readAll(first)).toEqual(['a']);
  });

  it('counts a line that a crash cut off, and keeps those before it', async () => {
    const first = await opened();
    await first.append(bytes('a\nb\n'));
    const segment = readdirSync(join(root, first.writer)).find((name) => name.endsWith('.ndjson')) ?? '';
    appendFileSync(join(root, first.writer, segment), '{"torn":');
    kill(first);
    const second = await opened();
    const batch = await second.next();
    expect(linesOf(batch)).toEqual(['a', 'b']);
    await batch?.commit();
    expect(await second.next()).toMatchObject({ ends: [], torn: 1 });
  });

  it('gives up the oldest file and tells how many lines went with it', async () => {
    const spill = await opened(12);
    for (const line of ['aaaaa', 'bbbbb', 'ccccc']) await spill.append(bytes(`${line}\n`));
    expect(await spill.dropOldest()).toBe(2);
    expect(await readAll(spill)).toEqual(['ccccc']);
  });

  it('survives that the file being read is given up', async () => {
    const spill = await opened();
    await spill.append(bytes('a\nb\nc\nd\n'));
    const batch = await spill.next();
    expect(await spill.dropOldest()).toBe(4);
    await batch?.commit();
    await spill.append(bytes('e\n'));
    expect(await readAll(spill)).toEqual(['e']);
  });

  it('puts lines on the disk with a mode that keeps others out', async () => {
    const spill = await opened();
    await spill.append(bytes('a\n'));
    await spill.sync();
    expect(existsSync(join(root, spill.writer))).toBe(true);
  });

  it('gives back lines that came in parts, of any length, and are not ASCII', async () => {
    const spill = await opened();
    const lines = ['é'.repeat(100), 'x'.repeat(3 * 1024 * 1024), '王', 'y'.repeat(1024 * 1024), 'z'];
    await spill.append(lines.slice(0, 2).map((line) => Buffer.from(`${line}\n`)));
    await spill.append([Buffer.from('王\n'), Buffer.from(`${lines[3]}\nz\n`)]);
    expect(await readAll(spill)).toEqual(lines);
  });

  it('writes on where the system took only a part', async () => {
    const spill = await opened();
    await spill.append(bytes('first\n'));
    const writes = limitWrites(spill, beginning);
    await spill.append(bytes('one\n', 'two and three\n', '4\n'));
    expect(writes.calls).toBeGreaterThan(5);
    expect(await readAll(spill)).toEqual(['first', 'one', 'two and three', '4']);
  });

  it('counts nothing of what could not be written, and overwrites it', async () => {
    const spill = await opened();
    await spill.append(bytes('first\n'));
    limitWrites(spill, (parts, call) => {
      if (call === 2) throw Object.assign(new Error('full'), { code: 'ENOSPC' });
      return call === 1 ? beginning(parts) : parts;
    });
    await expect(spill.append(bytes('second\n'))).rejects.toThrow('full');
    expect(spill.pendingBytes).toBe(6);
    await spill.append(bytes('2\n'));
    expect(await readAll(spill)).toEqual(['first', '2']);
  });

  it('tries again to put on the disk what could not be put there', async () => {
    const spill = await opened();
    await spill.append(bytes('a\n'));
    const file = activeFile(spill);
    const datasync = jest.spyOn(file, 'datasync').mockRejectedValueOnce(new Error('broken'));
    await expect(spill.sync()).rejects.toThrow('broken');
    await spill.sync();
    await spill.sync();
    expect(datasync).toHaveBeenCalledTimes(2);
  });
});

import { appendFileSync, existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { Spill } from '../../../../src/platform/spill/spill.js';

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

  async function readAll(spill: Spill): Promise<string[]> {
    const lines: string[] = [];
    for (let batch = await spill.next(); batch; batch = await spill.next()) {
      lines.push(...batch.lines);
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
    for (const line of lines) await spill.append(`${line}\n`);
    expect(await readAll(spill)).toEqual(lines);
    expect(spill.pendingBytes).toBe(0);
  });

  it('gives a batch again until it was committed', async () => {
    const spill = await opened();
    await spill.append('a\nb\n');
    expect((await spill.next())?.lines).toEqual(['a', 'b']);
    const again = await spill.next();
    await again?.commit();
    expect([again?.lines, await spill.next()]).toEqual([['a', 'b'], undefined]);
  });

  it('takes over what a dead process left, from where it had got to, before its own lines', async () => {
    const first = await opened();
    await first.append('a\nb\nc\nd\n');
    await (await first.next())?.commit();
    kill(first);
    const second = await opened();
    await second.append('e\n');
    expect(await readAll(second)).toEqual(['d', 'e']);
    expect(readdirSync(root)).toEqual([second.writer]);
  });

  it('takes over what was left at an orderly end', async () => {
    const first = await opened();
    await first.append('a\n');
    await first.close();
    expect(await readAll(await opened())).toEqual(['a']);
  });

  it('leaves nothing behind when all was delivered', async () => {
    const spill = await opened();
    await spill.append('a\n');
    await readAll(spill);
    await spill.close();
    expect(readdirSync(root)).toEqual([]);
  });

  it('leaves a living process alone', async () => {
    const first = await opened();
    await first.append('a\n');
    expect(await readAll(await opened())).toEqual([]);
    expect(await readAll(first)).toEqual(['a']);
  });

  it('counts a line that a crash cut off, and keeps those before it', async () => {
    const first = await opened();
    await first.append('a\nb\n');
    const segment = readdirSync(join(root, first.writer)).find((name) => name.endsWith('.ndjson')) ?? '';
    appendFileSync(join(root, first.writer, segment), '{"torn":');
    kill(first);
    const second = await opened();
    const batch = await second.next();
    expect(batch?.lines).toEqual(['a', 'b']);
    await batch?.commit();
    expect(await second.next()).toMatchObject({ lines: [], torn: 1 });
  });

  it('gives up the oldest file and tells how many lines went with it', async () => {
    const spill = await opened(12);
    for (const line of ['aaaaa', 'bbbbb', 'ccccc']) await spill.append(`${line}\n`);
    expect(await spill.dropOldest()).toBe(2);
    expect(await readAll(spill)).toEqual(['ccccc']);
  });

  it('survives that the file being read is given up', async () => {
    const spill = await opened();
    await spill.append('a\nb\nc\nd\n');
    const batch = await spill.next();
    expect(await spill.dropOldest()).toBe(4);
    await batch?.commit();
    await spill.append('e\n');
    expect(await readAll(spill)).toEqual(['e']);
  });

  it('puts lines on the disk with a mode that keeps others out', async () => {
    const spill = await opened();
    await spill.append('a\n');
    await spill.sync();
    expect(existsSync(join(root, spill.writer))).toBe(true);
  });
});

import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { request } from 'node:http';
import type { IncomingMessage } from 'node:http';
import { downloadSha256 } from '../../support/atlassian/download.js';
import { callsOf, eventually } from '../../support/dataplane.js';
import { ProcessWorld } from '../../support/process-world.js';

const MIB = 1024 * 1024;
const MOST_GROWTH_MIB = 40;
const WARM_UP = 64 * MIB;
const BIG = 300 * MIB;
const PIECE = Buffer.alloc(64 * 1024, 'restgate');

describe('bodies that are larger than memory should ever hold', () => {
  let world: ProcessWorld;
  let token: string;
  const helper = (name: string): string => `${world.first.url}/jira/rest/standin/1.0/${name}`;
  const headers = () => ({ Authorization: `Bearer ${token}` });

  /** Resident memory of the gateway's process, from the kernel. */
  const residentMib = (): number => {
    const pages = Number(readFileSync(`/proc/${world.first.child.pid}/statm`, 'utf8').split(' ')[1]);
    return (pages * 4096) / MIB;
  };
  const peakDuring = async (work: () => Promise<void>): Promise<number> => {
    let peak = residentMib();
    const watch = setInterval(() => (peak = Math.max(peak, residentMib())), 20);
    await work().finally(() => clearInterval(watch));
    return Math.max(peak, residentMib());
  };
  const answerTo = (url: string): Promise<IncomingMessage> =>
    new Promise((resolve, reject) => request(url, { headers: headers() }, resolve).on('error', reject).end());

  const download = async (bytes: number, more = ''): Promise<string> => {
    const answer = await answerTo(`${helper('download')}?bytes=${bytes}${more}`);
    const hash = createHash('sha256');
    for await (const chunk of answer) hash.update(chunk as Buffer);
    return hash.digest('hex');
  };
  /** The checksum of what was sent. */
  const upload = async (bytes: number, framing: Record<string, string>): Promise<string> => {
    const hash = createHash('sha256');
    const sending = request(helper('echo'), {
      method: 'POST',
      headers: { ...headers(), 'Content-Type': 'application/octet-stream', ...framing },
    });
    const answered = new Promise<IncomingMessage>((resolve, reject) =>
      sending.on('response', resolve).on('error', reject),
    );
    for (let sent = 0; sent < bytes; sent += PIECE.length) {
      hash.update(PIECE);
      if (!sending.write(PIECE)) await new Promise((resolve) => sending.once('drain', resolve));
    }
    sending.end();
    (await answered).resume();
    return hash.digest('hex');
  };
  const lengthOf = (bytes: number) => ({ 'Content-Length': String(bytes) });

  beforeAll(async () => {
    world = await ProcessWorld.start();
    token = await world.provider.fetchOpaque('alice');
    await download(WARM_UP);
    await upload(WARM_UP, lengthOf(WARM_UP));
  }, 120_000);
  afterAll(() => world?.stop());

  it.each([
    ['with a length', ''],
    ['chunked', '&chunked=true'],
  ])(
    'U-11 a download of 300 MB (%s) arrives whole, and memory does not grow with it',
    async (_how, more) => {
      const before = residentMib();
      let sum = '';
      const peak = await peakDuring(async () => {
        sum = await download(BIG, more);
      });
      expect(sum).toBe(downloadSha256(BIG));
      expect(peak - before).toBeLessThan(MOST_GROWTH_MIB);
    },
    120_000,
  );

  it.each([
    ['with a length', lengthOf(BIG)],
    ['chunked', {}],
  ])(
    'U-13 an upload of 300 MB (%s) arrives whole, and memory does not grow with it',
    async (_how, framing) => {
      const before = residentMib();
      let sum = '';
      const peak = await peakDuring(async () => {
        sum = await upload(BIG, framing);
      });
      expect(world.jira.last()).toMatchObject({ bodySha256: sum, bodyLength: BIG, user: 'alice' });
      expect(peak - before).toBeLessThan(MOST_GROWTH_MIB);
    },
    120_000,
  );

  it('U-11 a client that stops reading holds the application back', async () => {
    world.jira.clear();
    const before = residentMib();
    const answer = await answerTo(`${helper('download')}?bytes=${10 * 1024 * MIB}`);
    answer.pause();
    const peak = await peakDuring(() => new Promise((resolve) => setTimeout(resolve, 2000)));
    expect(peak - before).toBeLessThan(MOST_GROWTH_MIB);
    answer.destroy();
    await eventually(
      'the download was cancelled',
      () => callsOf(world.jira).find((call) => call.path.endsWith('download'))?.aborted,
    );
  }, 60_000);
});

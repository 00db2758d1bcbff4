import { gzipSync } from 'node:zlib';
import { rewriteLfsBatch } from '../../../src/gateway/lfs-batch-answer.js';

const TYPE = ['Content-Type', 'application/vnd.git-lfs+json'];
const through = (href: string): string =>
  href.replace('https://bitbucket.internal', 'https://gateway/bitbucket');
const BATCH = {
  transfer: 'basic',
  objects: [
    {
      oid: 'a'.repeat(64),
      size: 7,
      authenticated: true,
      actions: {
        upload: {
          href: 'https://bitbucket.internal/rest/git-lfs/storage/P/r/a',
          header: { authorization: 'JWT secret', 'X-Other': 'kept', Cookie: 'BITBUCKETSESSIONID=1' },
        },
        verify: { href: 'https://elsewhere.example.com/verify', header: { AUTHORIZATION: 'JWT secret' } },
      },
    },
    { oid: 'b'.repeat(64), size: 1, error: { code: 404, message: 'gone' } },
  ],
};

function rewritten(body: Buffer | string, headers: string[] = TYPE): { headers: string[]; json: unknown } {
  const answer = rewriteLfsBatch(headers, Buffer.from(body), through);
  return { headers: answer.headers, json: JSON.parse(answer.body.toString('utf8')) as unknown };
}

describe('the answer to a Git LFS batch request', () => {
  it('lends no credential and leads through the gateway', () => {
    expect(rewritten(JSON.stringify(BATCH)).json).toEqual({
      transfer: 'basic',
      objects: [
        {
          oid: 'a'.repeat(64),
          size: 7,
          actions: {
            upload: {
              href: 'https://gateway/bitbucket/rest/git-lfs/storage/P/r/a',
              header: { 'X-Other': 'kept' },
            },
            verify: { href: 'https://elsewhere.example.com/verify', header: {} },
          },
        },
        { oid: 'b'.repeat(64), size: 1, error: { code: 404, message: 'gone' } },
      ],
    });
  });

  it('has the length of what is sent, and no fields of what came', () => {
    const body = gzipSync(JSON.stringify(BATCH));
    const came = [...TYPE, 'Content-Length', String(body.length), 'content-encoding', 'gzip', 'ETag', '"1"'];
    const { headers, json } = rewritten(body, came);
    expect(headers).toEqual([...TYPE, 'Content-Length', String(JSON.stringify(json).length)]);
    expect(JSON.stringify(json)).not.toContain('secret');
  });

  it.each([
    ['no JSON', 'JWT secret', TYPE],
    ['a list', '[]', TYPE],
    ['unknown compression', '{}', ['Content-Encoding', 'br']],
    ['more than 4 MiB of JSON', gzipSync(Buffer.alloc(5 * 1024 * 1024, ' ')), ['Content-Encoding', 'gzip']],
  ])('is given up when it is %s', (_what, body, headers) => {
    expect(() => rewritten(body, headers)).toThrow();
  });

  it.each([{}, { objects: null }, { objects: [1, null] }, { objects: [{ actions: [] }] }])(
    'survives %j',
    (batch) => {
      expect(rewritten(JSON.stringify(batch)).json).toEqual(batch);
    },
  );
});

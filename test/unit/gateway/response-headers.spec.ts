import { isSameUser, responseHeaders } from '../../../src/gateway/response-headers.js';
import { answerFor, errorBody } from '../../../src/gateway/error-answer.js';
import { deny } from '../../../src/modules/decisions/pipeline.port.js';

const raw = (...fields: string[]): Buffer[] => fields.map((field) => Buffer.from(field, 'latin1'));
const KEEP = { login: 'all', dropRate: false, rewriteLocation: (value: string) => value } as const;

describe("the application's answer head", () => {
  it('loses hop-by-hop fields and those that Connection names, whatever their order and case', () => {
    const { headers } = responseHeaders(
      raw(
        'X-Secret',
        '1',
        'Connection',
        'close, x-secret',
        'Keep-Alive',
        'timeout=9',
        'Transfer-Encoding',
        'chunked',
        'A',
        'b',
      ),
      KEEP,
    );
    expect(headers).toEqual(['A', 'b']);
  });

  it('keeps its length even when Connection names it', () => {
    expect(responseHeaders(raw('Connection', 'content-length', 'Content-Length', '3'), KEEP).headers).toEqual(
      ['Content-Length', '3'],
    );
  });

  it('keeps repeated fields and their bytes', () => {
    const { headers } = responseHeaders(raw('Set-Cookie', 'a=1', 'Set-Cookie', 'b=2', 'X', '\u00e9'), KEEP);
    expect(headers).toEqual(['Set-Cookie', 'a=1', 'Set-Cookie', 'b=2', 'X', '\u00e9']);
  });

  it('starts no session and asks for no login when the identity is not the browser’s own', () => {
    const { headers } = responseHeaders(
      raw(
        'Set-Cookie',
        'a',
        'WWW-Authenticate',
        'OAuth',
        'X-ASESSIONID',
        'x',
        'X-Seraph-LoginReason',
        'OK',
        'B',
        'c',
      ),
      { ...KEEP, login: 'none' },
    );
    expect(headers).toEqual(['B', 'c']);
  });

  it('says whom the application answered', () => {
    expect(responseHeaders(raw('x-ausername', 'alice'), KEEP).userName).toBe('alice');
    expect(responseHeaders(raw('A', 'b'), KEEP).userName).toBeUndefined();
  });

  it.each([
    ['alice', 'alice', true],
    ['Alice', 'alice', true],
    ['o%27brien%2Bx%40example.com', "o'brien+x@example.com", true],
    ["o'brien+x@example.com", "o'brien+x@example.com", true],
    ['zo%C3%AB', 'zoë', true],
    ['anonymous', 'alice', false],
    ['', 'alice', false],
    ['alice2', 'alice', false],
    ['%zz', 'alice', false],
  ])('%s answers %s: %s', (answered, intended, expected) => {
    expect(isSameUser(answered, intended)).toBe(expected);
  });
});

describe('error answers', () => {
  const answer = answerFor(deny('group_not_allowed'), 'req-1', true);
  const ours = { code: 'group_not_allowed', requestId: 'req-1', hint: expect.any(String) as string };

  it('have the shape that each product’s clients print', () => {
    expect(JSON.parse(errorBody('jira', answer))).toEqual({
      errorMessages: [expect.any(String)],
      errors: {},
      ...ours,
    });
    expect(JSON.parse(errorBody('confluence', answer))).toEqual({
      statusCode: 403,
      message: expect.any(String) as string,
      ...ours,
    });
    expect(JSON.parse(errorBody('bitbucket', answer))).toEqual({
      errors: [{ context: null, message: expect.any(String) as string, exceptionName: null }],
      ...ours,
    });
  });

  it('do not tell a revoked token from an unknown one, or from one of somebody else', () => {
    const bodies = (['token_unknown', 'token_revoked', 'token_owner_mismatch'] as const).map((reason) =>
      errorBody('jira', answerFor(deny(reason), 'r', true)),
    );
    expect(new Set(bodies).size).toBe(1);
  });

  it('say when to come back wherever the status is 429 or 503', () => {
    expect(answerFor(deny('provider_unavailable'), 'r', true).retryAfterSeconds).toBeGreaterThan(0);
    expect(answerFor(deny('rate_limited', { retryAfterSeconds: 7 }), 'r', true).retryAfterSeconds).toBe(7);
    expect(answerFor(deny('group_not_allowed'), 'r', true).retryAfterSeconds).toBeUndefined();
  });

  it('never hold the detail that is for admins', () => {
    const body = errorBody(
      'jira',
      answerFor(deny('upstream_unavailable', { detail: 'connect 10.0.0.7:8080' }), 'r', true),
    );
    expect(body).not.toContain('10.0.0.7');
  });
});

import { isRefused, readHead } from '../../../src/gateway/framing.js';
import type { RawRequest } from '../../../src/gateway/framing.js';
import { HeaderRules } from '../../../src/gateway/header-rules.js';

const rules = new HeaderRules({ byKey: new Map(), byHostname: new Map(), byPrefix: [] });

function request(change: Partial<RawRequest> & { headers?: string[] } = {}): RawRequest {
  const { headers = [], ...rest } = change;
  return {
    method: 'GET',
    url: '/jira/rest/api/2/myself',
    httpVersionMajor: 1,
    httpVersionMinor: 1,
    rawHeaders: ['Host', 'gw.test', ...headers],
    ...rest,
  };
}

function refusal(raw: RawRequest): { status: number; detail: string } | undefined {
  const result = readHead(raw, rules);
  return isRefused(result) ? { status: result.status, detail: result.detail } : undefined;
}

describe('the framing of a request', () => {
  it('gives the head that every step reads', () => {
    const head = readHead(
      request({
        url: '/jira/rest/x?a=1',
        headers: ['Authorization', 'Bearer t', 'X-Api-Token', 'k', 'User-Agent', 'curl'],
      }),
      rules,
    );
    expect(head).toMatchObject({
      method: 'GET',
      path: '/jira/rest/x',
      query: '?a=1',
      exactPath: true,
      host: 'gw.test',
      authorization: 'Bearer t',
      apiToken: 'k',
      userAgent: 'curl',
      hasBody: false,
      upgrade: false,
    });
  });

  it.each<[string, Partial<RawRequest> & { headers?: string[] }, number]>([
    ['HTTP/0.9', { httpVersionMajor: 0, httpVersionMinor: 9 }, 400],
    ['HTTP/2', { httpVersionMajor: 2, httpVersionMinor: 0 }, 400],
    ['TRACE', { method: 'TRACE' }, 405],
    ['CONNECT', { method: 'CONNECT' }, 405],
    ['no Host', { rawHeaders: [] }, 400],
    ['two Hosts', { headers: ['host', 'other'] }, 400],
    ['a Host with a path', { rawHeaders: ['Host', 'gw.test/x'] }, 400],
    ['a Host with user info', { rawHeaders: ['Host', 'a@gw.test'] }, 400],
    ['two Authorizations', { headers: ['Authorization', 'Bearer a', 'authorization', 'Bearer b'] }, 400],
    ['two X-Api-Tokens', { headers: ['X-Api-Token', 'a', 'X-API-TOKEN', 'b'] }, 400],
    ['X_Forwarded_For', { headers: ['X_Forwarded_For', '1.2.3.4'] }, 400],
    ['X_Api_Token', { headers: ['X_Api_Token', 'a'] }, 400],
    [
      'Content-Length beside Transfer-Encoding',
      { method: 'POST', headers: ['Content-Length', '3', 'Transfer-Encoding', 'chunked'] },
      400,
    ],
    [
      'Transfer-Encoding: gzip, chunked',
      { method: 'POST', headers: ['Transfer-Encoding', 'gzip, chunked'] },
      501,
    ],
    [
      'Transfer-Encoding in HTTP/1.0',
      { method: 'POST', httpVersionMinor: 0, headers: ['Transfer-Encoding', 'chunked'] },
      400,
    ],
    [
      'two Transfer-Encodings',
      { method: 'POST', headers: ['Transfer-Encoding', 'chunked', 'Transfer-Encoding', 'identity'] },
      400,
    ],
    ['Content-Length: +5', { method: 'POST', headers: ['Content-Length', '+5'] }, 400],
    ['an empty Content-Length', { method: 'POST', headers: ['Content-Length', ''] }, 400],
    ['GET with a body', { headers: ['Content-Length', '5'] }, 400],
    ['an unknown expectation', { method: 'POST', headers: ['Content-Length', '5', 'Expect', 'magic'] }, 417],
    ['absolute-form of another authority', { url: 'http://evil.example/rest' }, 400],
    ['authority-form', { url: 'gw.test:443' }, 400],
    ['asterisk-form', { method: 'OPTIONS', url: '*' }, 400],
    ['a fragment in the query', { url: '/jira/rest?a=1#b' }, 400],
    ['a raw non-ASCII byte in the query', { url: '/jira/rest?a=\u00e9' }, 400],
    ['a target of more than 8000 bytes', { url: `/${'a'.repeat(8001)}` }, 414],
    ['101 fields', { headers: Array.from({ length: 101 }, (_x, i) => [`X-${i}`, 'v']).flat() }, 400],
  ])('refuses %s', (_name, change, status) => {
    expect(refusal(request(change))?.status).toBe(status);
  });

  it.each<[string, Partial<RawRequest> & { headers?: string[] }]>([
    ['absolute-form of the Host itself', { url: 'http://GW.test/jira/rest/api/2/myself' }],
    ['HTTP/1.0 with a Host', { httpVersionMinor: 0 }],
    ['an IPv6 host with port', { rawHeaders: ['Host', '[::1]:8080'] }],
    ['an underscore in a field that is not ours', { headers: ['My_Header', 'x'] }],
    ['Content-Length: 0 on GET', { headers: ['Content-Length', '0'] }],
    ['100 fields', { headers: Array.from({ length: 99 }, (_x, i) => [`X-${i}`, 'v']).flat() }],
  ])('accepts %s', (_name, change) => {
    expect(refusal(request(change))).toBeUndefined();
  });
});

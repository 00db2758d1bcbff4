import { AttackWorld, get } from '../../support/attack-world.js';
import type { RequestRecord } from '../../support/atlassian/types.js';
import { rawRequest } from '../../support/raw-http.js';
import { readByTheBook } from '../../support/reference-reader.js';
import type { ReferenceRequest } from '../../support/reference-reader.js';
import { Seeded } from '../../support/seeded.js';

const CONNECTIONS = Number(process.env['FUZZ_CONNECTIONS'] ?? 2000);
const SEED = Number(process.env['FUZZ_SEED'] ?? 20_260_402);
const AT_A_TIME = 12;
const MOST_REQUESTS = 3;
const CRLF = '\r\n';

/** What confuses parsers, put in at random places. */
const DICTIONARY = [
  '\r\n',
  '\n',
  '\r',
  '\r\n\r\n',
  '\n\n',
  ' ',
  '\t',
  '\0',
  '\x0b',
  '\x7f',
  '\xa0',
  '\xff',
  ':',
  ';',
  ',',
  '0',
  '1',
  '-',
  '+',
  '0x',
  '#',
  '?',
  '%00',
  '//',
  '..',
  '\r\nTransfer-Encoding: chunked',
  '\r\nTransfer-Encoding : chunked',
  '\r\nTransfer-Encoding:\x0bchunked',
  '\r\nTransfer-Encoding: identity',
  '\r\nTransfer-Encoding: gzip, chunked',
  '\r\ntransfer-encoding:chunked',
  '\r\nTransfer_Encoding: chunked',
  '\r\nContent-Length: 0',
  '\r\nContent-Length: 7',
  '\r\nContent-Length: +7',
  '\r\nContent-Length: 7, 7',
  '\r\nContent-Length: 99999999999999999999',
  '\r\n Content-Length: 3',
  '\r\nConnection: close',
  '\r\nConnection: Transfer-Encoding',
  '\r\nConnection: Content-Length, keep-alive',
  '\r\nUpgrade: h2c',
  '\r\nExpect: 100-continue',
  '\r\nTE: trailers',
  '\r\nX-Gw-User: admin',
  '\r\nX_Gw_User: admin',
  '\nX-Gw-User: admin',
  '\rX-Gw-User: admin',
  '\r\nHost: evil',
  '\r\nX-Seraph-Trusted-App-ID: x',
  '0\r\n\r\n',
  '5\r\nhello\r\n',
  '5;ext=1\r\nhello\r\n',
  'ffffffffffffffff\r\n',
  'HTTP/1.0',
  'HTTP/1.1',
  'HTTP/2.0',
  'GET ',
  'POST ',
  'CONNECT ',
  'http://evil/',
] as const;

/** What a body would be taken for by whom loses count. */
const SMUGGLED = `GET /rest/api/2/smuggled HTTP/1.1${CRLF}Host: gw.test${CRLF}X-Gw-User: admin${CRLF}${CRLF}`;

/** A well-formed request; `$ALICE` is put in before it is sent. */
function wellFormed(random: Seeded): string {
  const fields = [
    'Host: gw.test',
    random.pick(['Accept: */*', 'X-Plain: some value', 'Connection: keep-alive']),
  ];
  if (random.below(4) > 0) fields.push('Authorization: Bearer $ALICE');
  const path = random.pick(['/rest/api/2/myself', '/public/page', '/rest/api/2/search?jql=x']);
  const kind = random.below(3);
  if (kind === 0) return [`GET ${path} HTTP/1.1`, ...fields, '', ''].join(CRLF);
  const body = random.pick([SMUGGLED, 'hello', '{"a":1}', `0${CRLF}${CRLF}${SMUGGLED}`]);
  fields.push('Content-Type: application/json');
  if (kind === 1)
    return [`POST ${path} HTTP/1.1`, ...fields, `Content-Length: ${body.length}`, '', body].join(CRLF);
  const half = Math.floor(body.length / 2);
  const chunks = [body.slice(0, half), body.slice(half)].map(
    (part) => `${part.length.toString(16)}${CRLF}${part}${CRLF}`,
  );
  return [
    `POST ${path} HTTP/1.1`,
    ...fields,
    'Transfer-Encoding: chunked',
    '',
    `${chunks.join('')}0${CRLF}${CRLF}`,
  ].join(CRLF);
}

/** One small damage. Half of them hit the borders of lines, where parsers disagree. */
function mutate(text: string, random: Seeded): string {
  const borders = [...text.matchAll(/\r\n|:|\d+/g)].map(({ index }) => index);
  const at = random.below(2) === 0 && borders.length > 0 ? random.pick(borders) : random.below(text.length);
  switch (random.below(6)) {
    case 0:
      return text.slice(0, at) + text.slice(at + 1 + random.below(3));
    case 1:
      return text.slice(0, at) + String.fromCharCode(random.below(256)) + text.slice(at + 1);
    case 2: {
      const lines = text.split(CRLF);
      const line = random.below(lines.length);
      return [...lines.slice(0, line), lines[line], ...lines.slice(line)].join(CRLF);
    }
    case 3:
      return random.below(4) === 0 ? text.slice(0, at) : text;
    default:
      return text.slice(0, at) + random.pick(DICTIONARY) + text.slice(at);
  }
}

function stream(random: Seeded): string {
  let text = '';
  for (let count = 1 + random.below(MOST_REQUESTS); count > 0; count--) text += wellFormed(random);
  for (let count = random.below(4); count > 0; count--) text = mutate(text, random);
  return text;
}

function addressOf(connection: number): string {
  return `127.${10 + (connection >> 14)}.${(connection >> 7) & 127}.${1 + (connection & 127)}`;
}

/** Why what the application received is not what was sent; undefined: it is. Each request is found at most once. */
function fault(seen: readonly RequestRecord[], sent: readonly ReferenceRequest[]): string | undefined {
  const left = [...sent];
  // Bodies that broke off fit several requests, so they choose last.
  for (const record of [...seen].sort((a, b) => Number(b.complete) - Number(a.complete))) {
    const users = record.header('X-Gw-User');
    if (users.length > 1 || record.header('X-Gw-Secret').length > 1) return 'an identity field came twice';
    if (users[0] !== undefined && users[0] !== 'alice') return `it came as ${users[0]}`;
    if (record.header('Transfer-Encoding').length + record.header('Content-Length').length > 1)
      return 'two body lengths';
    const match = left.findIndex((request) => sameRequest(record, request));
    if (match < 0)
      return `nobody sent ${record.method} ${record.target} with ${record.bodyLength} bytes (${sent.length} sent)`;
    left.splice(match, 1);
  }
  return undefined;
}

function sameRequest(record: RequestRecord, request: ReferenceRequest): boolean {
  if (record.method !== request.method) return false;
  if (record.complete) return request.complete && record.body.equals(request.body);
  // The stand-in keeps no body that broke off.
  return record.bodyLength <= request.body.length;
}

describe(`framing under ${CONNECTIONS} connections of damaged requests`, () => {
  let world: AttackWorld;
  const streams = new Map<string, Buffer>();
  const answered = { connections: 0, answers: 0 };

  beforeAll(async () => {
    world = await AttackWorld.start();
    const random = new Seeded(SEED);
    const token = await world.provider.fetchJwt('alice');
    for (let i = 0; i < CONNECTIONS; i++)
      streams.set(addressOf(i), Buffer.from(stream(random).replaceAll('$ALICE', token), 'latin1'));
    const queue = [...streams];
    const worker = async (): Promise<void> => {
      for (let next = queue.pop(); next; next = queue.pop()) {
        const target = { port: world.gateway.port, localAddress: next[0] };
        const result = await rawRequest(target, next[1], {
          endAfterSend: true,
          untilClosed: true,
          timeoutMs: 4000,
        });
        if (result.responses.length > 0) answered.connections++;
        answered.answers += result.responses.length;
      }
    };
    await Promise.all(Array.from({ length: AT_A_TIME }, worker));
  }, 180_000);

  afterAll(() => world?.stop());

  const seenFrom = (): Map<string, RequestRecord[]> => {
    const seen = new Map<string, RequestRecord[]>();
    for (const record of world.jira.requests) {
      if (record.authenticatedBy === 'basic') continue;
      const address = record.header('X-Forwarded-For').join();
      seen.set(address, [...(seen.get(address) ?? []), record]);
    }
    return seen;
  };

  it('the application receives nothing but what was sent, each request at most once', () => {
    const faults: string[] = [];
    for (const [address, records] of seenFrom()) {
      const bytes = streams.get(address);
      if (!bytes) continue;
      const wrong = fault(records, readByTheBook(bytes));
      if (wrong !== undefined)
        faults.push(
          `${wrong}: ${JSON.stringify(bytes.toString('latin1').replaceAll(/Bearer eyJ\S+/g, 'Bearer $ALICE'))}`,
        );
    }
    expect(faults.slice(0, 5)).toEqual([]);
  });

  it('never receives anything that is not HTTP', () => {
    expect(world.jira.malformed).toBe(0);
  });

  it('enough of it came through to prove something, and enough was refused', () => {
    const seen = [...seenFrom().values()].flat().length;
    const sent = [...streams.values()].reduce((sum, bytes) => sum + readByTheBook(bytes).length, 0);
    expect(seen).toBeGreaterThan(CONNECTIONS / 4);
    expect(seen).toBeLessThanOrEqual(sent);
    expect(answered.connections).toBeGreaterThan(CONNECTIONS / 2);
    expect(answered.answers).toBeGreaterThan(seen / 2);
  });

  it('the gateway answers the next good request', async () => {
    const answer = await world.send(get('/rest/api/2/myself', 'Authorization: Bearer $ALICE'));
    expect(answer.status).toBe(200);
    expect(JSON.parse(answer.body.toString())).toMatchObject({ name: 'alice' });
  });
});

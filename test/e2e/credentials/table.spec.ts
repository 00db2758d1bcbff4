import type { RequestRecord } from '../../support/atlassian/types.js';
import { issueToken } from '../../support/dataplane.js';
import { startWorld } from '../../support/world.js';
import type { World } from '../../support/world.js';
import { APPLICATION, MYSELF, SHIPPED, SWITCHES, rows } from './rows.js';
import type { Row, Settings } from './rows.js';

const COMBINATIONS = SWITCHES.flatMap(([global, first]) =>
  APPLICATION.map(
    ([application, second]) => [global, application, { ...SHIPPED, ...first, ...second }] as const,
  ),
);

describe('every credential under every switch', () => {
  let world: World;
  let table: Row[];
  let sent = 0;

  beforeAll(async () => {
    world = await startWorld();
    const { token: ours } = await issueToken(world.gateway.admin, 'alice');
    const provider = await world.tokenOf('alice');
    table = rows({
      ours,
      provider,
      pat: world.jira.issuePat('alice').token,
      session: world.jira.openSession('alice'),
    });
  }, 60_000);

  afterAll(() => world?.stop());

  async function apply({
    master,
    basic: passwords,
    oauth,
    pat,
    anonymous,
    sessions,
    links,
    ownAnonymous,
  }: Settings): Promise<void> {
    const { admin } = world.gateway;
    await admin.call('PATCH', '/global-settings', {
      restApiAuthenticationEnabled: master,
      basicAuthenticationDisabled: !passwords,
      oauthTokensEnabled: oauth,
      personalAccessTokensAllowed: pat,
      anonymousAccess: anonymous,
    });
    const reject = (allowed: boolean): string => (allowed ? 'forward' : 'reject');
    await admin.call('PATCH', '/applications/jira', {
      sessionCookies: reject(sessions),
      applicationLinks: reject(links),
      anonymousAccess: ownAnonymous,
    });
  }

  async function send(row: Row): Promise<{ answer: Response; calls: RequestRecord[] }> {
    const id = `table-${++sent}`;
    const method = row.body === undefined ? 'GET' : 'POST';
    const headers = { ...row.headers, 'X-Request-Id': id };
    const answer = await fetch(`${world.gateway.url}/jira${row.path ?? MYSELF}`, {
      method,
      headers,
      body: row.body,
      redirect: 'manual',
    });
    return {
      answer,
      calls: world.jira.requests.filter((record) => record.header('X-Request-Id').includes(id)),
    };
  }

  /** What the application must have seen. */
  function expected(row: Row, { master }: Settings): object {
    if (master)
      return {
        user: row.seen.user,
        target: row.seen.target ?? `/jira${row.path ?? MYSELF}`,
        body: row.seen.body ?? '',
        ...row.seen.fields,
      };
    const fields = Object.keys(row.seen.fields).map((name) => [name, row.headers?.[name]] as const);
    return {
      target: `/jira${row.path ?? MYSELF}`,
      body: row.body ?? '',
      ...Object.fromEntries(fields),
      ...row.untouched,
    };
  }

  function seen(record: RequestRecord | undefined, like: object): object {
    if (!record) return {};
    const { user, target, body } = record;
    const known: Record<string, unknown> = { user, target, body: body.toString('latin1') };
    return Object.fromEntries(
      Object.keys(like).map((name) => [name, name in known ? known[name] : record.header(name)[0]]),
    );
  }

  async function outcome(row: Row, settings: Settings): Promise<readonly [was: object, mustBe: object]> {
    const refusal = settings.master ? row.refusal(settings) : undefined;
    const { answer, calls } = await send(row);
    if (refusal) {
      const { code } = (await answer.json()) as { code: string };
      return [
        { row: row.name, status: answer.status, code, calls: calls.length },
        { row: row.name, status: refusal[0], code: refusal[1], calls: 0 },
      ];
    }
    await answer.body?.cancel();
    const like = expected(row, settings);
    return [
      { row: row.name, calls: calls.length, ...seen(calls[0], like) },
      { row: row.name, calls: 1, ...like },
    ];
  }

  it.each(COMBINATIONS)('%s, application %s', async (_global, _application, settings) => {
    await apply(settings);
    const outcomes = await Promise.all(table.map((row) => outcome(row, settings)));
    expect(outcomes.map(([was]) => was)).toEqual(outcomes.map(([, mustBe]) => mustBe));
  });

  it('and whatever the switches said, no token of ours went upstream in any spelling', () => {
    const texts = world.jira.requests.flatMap((record) => [
      record.target,
      ...record.rawHeaders,
      record.body.toString('latin1'),
    ]);
    const decoded = texts.map((text) =>
      Buffer.from(text.replace(/^Basic /i, ''), 'base64').toString('latin1'),
    );
    expect([...texts, ...decoded].filter((text) => text.includes('rgt_'))).toEqual([]);
    expect(sent).toBe(COMBINATIONS.length * table.length);
  });
});

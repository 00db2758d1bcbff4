import { APPLICATIONS } from '../../../src/modules/applications/applications.port.js';
import { AUDIT_QUERIES } from '../../../src/modules/audit/audit.port.js';
import type { WouldDenyEntry } from '../../../src/modules/audit/audit.port.js';
import { DIRECTORY, DirectoryUnavailableError } from '../../../src/modules/directory/directory.port.js';
import { GLOBAL_SETTINGS } from '../../../src/modules/global-settings/global-settings.port.js';
import { GroupCheckService } from '../../../src/modules/restrictions/group-check.service.js';
import { GroupReportService } from '../../../src/modules/restrictions/group-report.service.js';
import { GroupRestrictionsController } from '../../../src/modules/restrictions/group-restrictions.controller.js';
import { GroupRestrictionsService } from '../../../src/modules/restrictions/group-restrictions.service.js';
import { DEFAULT_GROUP_SETTINGS } from '../../../src/modules/restrictions/group-settings.policy.js';
import { GROUP_RESTRICTIONS } from '../../../src/modules/restrictions/restrictions.port.js';
import { jira } from '../../factories/exchange.js';
import { startSettingsNode } from '../../support/settings-node.js';
import type { Answer, SettingsNode } from '../../support/settings-node.js';

const directory = {
  away: false,
  asked: [] as string[],
  searchGroups(_application: unknown, text: string): Promise<{ name: string }[]> {
    directory.asked.push(text);
    if (directory.away) return Promise.reject(new DirectoryUnavailableError('away'));
    const groups = ['API-Users', 'API-Users-EU', 'Readers'];
    return Promise.resolve(
      groups.filter((name) => name.toLowerCase().includes(text.toLowerCase())).map((name) => ({ name })),
    );
  },
};

const entry = (reason: string): WouldDenyEntry => ({
  reason,
  user: 'alice',
  application: 'jira',
  credentialKind: 'oauth',
  count: 3,
  firstTime: '2026-11-01T00:00:00.000Z',
  lastTime: '2026-11-02T00:00:00.000Z',
  lastEventId: '019a0000-0000-7000-8000-000000000009',
  lastMethod: 'GET',
  lastPath: '/rest/api/2/myself',
  paths: [{ method: 'GET', path: '/rest/api/2/myself', count: 3 }],
  pathCount: 1,
  clients: [{ credentialName: 'nightly build', clientIp: '203.0.113.7', userAgent: 'curl/8.5.0', count: 3 }],
  clientCount: 1,
});

const audit = {
  days: 0,
  wouldDenyReport(days: number, reasons: readonly string[]): Promise<WouldDenyEntry[]> {
    audit.days = days;
    return Promise.resolve(reasons.map(entry));
  },
};

const parts = {
  controllers: [GroupRestrictionsController],
  providers: [
    GroupRestrictionsService,
    GroupCheckService,
    GroupReportService,
    { provide: DIRECTORY, useValue: directory },
    { provide: AUDIT_QUERIES, useValue: audit },
  ],
};

describe('the group restrictions', () => {
  let node: SettingsNode;
  let stop: () => Promise<void>;

  beforeEach(async () => {
    Object.assign(directory, { away: false, asked: [] });
    ({ node, stop } = await startSettingsNode(parts));
  });

  afterEach(() => stop());

  const put = (body: object, headers: Record<string, string> = {}): Promise<Answer> =>
    node.call('PUT', '/restrictions/groups', body, { headers });
  const access = (...groups: string[]): object => ({ apiAccess: { enabled: true, groups } });

  /** Loads a slot of another feature with a value that the test wants. */
  async function withApplication(directoryKind: 'application' | 'claims'): Promise<void> {
    const application = { ...jira, directory: { kind: directoryKind } };
    node.changeFeed.register(APPLICATIONS, () =>
      Promise.resolve({
        byKey: new Map([['jira', application]]),
        byHostname: new Map(),
        byPrefix: [application],
      }),
    );
    await node.changeFeed.change(
      () => Promise.resolve(),
      () => ({ topic: APPLICATIONS.topic, by: 'test', target: 'test' }),
    );
  }

  it('begin switched off', async () => {
    const { body, headers } = await node.call('GET', '/restrictions/groups');
    expect(body).toEqual(DEFAULT_GROUP_SETTINGS);
    expect(headers['etag']).toBe('"0"');
  });

  it('are in force before the answer, compared without case, and audited', async () => {
    const { status, headers, body } = await put(access(' API-Users', 'api-users'));
    expect([status, headers['etag']]).toEqual([200, '"1"']);
    expect(body).toMatchObject({
      apiAccess: { enabled: true, groups: ['API-Users'] },
      mode: 'enforce',
      warnings: [],
    });
    const rules = GROUP_RESTRICTIONS.of(node.changeFeed.current);
    expect([...rules.apiAccess.groupKeys]).toEqual(['api-users']);
    expect(node.changes).toMatchObject([
      { target: 'restrictions/groups', by: 'root', after: { mode: 'enforce' } },
    ]);
  });

  it('may be saved again as they are read', async () => {
    await put(access('API-Users'));
    const { body, headers } = await node.call('GET', '/restrictions/groups');
    expect((await put(body, { 'if-match': String(headers['etag']) })).status).toBe(200);
  });

  it('refuse a lost update', async () => {
    await put(access('API-Users'));
    expect((await put({}, { 'if-match': '"0"' })).status).toBe(412);
    expect(GROUP_RESTRICTIONS.of(node.changeFeed.current).apiAccess.enabled).toBe(true);
  });

  it('warn of groups that no directory knows, and save them', async () => {
    await withApplication('application');
    const { status, body } = await put(access('api-users', 'API', 'nobody-knows'));
    expect(status).toBe(200);
    expect(body['warnings']).toEqual([
      'No directory knows the group "API".',
      'No directory knows the group "nobody-knows".',
    ]);
  });

  it('ask about new groups only', async () => {
    await withApplication('application');
    await put(access('Readers'));
    directory.asked.length = 0;
    await put({ ...access('readers'), readOnly: { enabled: true, groups: ['API-Users'] } });
    expect(directory.asked).toEqual(['API-Users']);
  });

  it('ask again about groups whose list is switched on or enforced by the save', async () => {
    await withApplication('application');
    const off = { apiAccess: { enabled: false, groups: ['Readers'] }, mode: 'report' };
    await put(off);
    const watched = { apiAccess: { enabled: true, groups: ['Readers'] }, mode: 'report' };
    for (const [settings, asked] of [
      [off, []],
      [watched, ['Readers']],
      [watched, []],
      [{ ...watched, mode: 'enforce' }, ['Readers']],
    ] as const) {
      directory.asked.length = 0;
      await put(settings);
      expect(directory.asked).toEqual(asked);
    }
  });

  it('are saved, with a warning, while the directory is away', async () => {
    await withApplication('application');
    directory.away = true;
    const { status, body } = await put(access('x', 'y'));
    expect(status).toBe(200);
    expect(body['warnings']).toEqual([
      'The directory of jira could not be asked, so its groups were not checked.',
    ]);
    expect(directory.asked).toHaveLength(1);
  });

  it('ask no directory whose groups only tokens name', async () => {
    await withApplication('claims');
    expect((await put(access('x'))).body['warnings']).toEqual([]);
    expect(directory.asked).toEqual([]);
  });

  it('warn when users may create no tokens at all', async () => {
    node.changeFeed.register(GLOBAL_SETTINGS, () =>
      Promise.resolve({ ...GLOBAL_SETTINGS.initial, userTokenCreationAllowed: false }),
    );
    await node.changeFeed.change(
      () => Promise.resolve(),
      () => ({ topic: GLOBAL_SETTINGS.topic, by: 'test', target: 'test' }),
    );
    const { body } = await put({ tokenCreation: { enabled: true, groups: ['x'] } });
    expect(body['warnings']).toEqual([expect.stringContaining('userTokenCreationAllowed')]);
  });

  it.each<[string, object, string]>([
    ['an enabled list that is empty', access(), 'apiAccess.groups'],
    ['an enabled list of blanks', { readOnly: { enabled: true, groups: [' '] } }, 'readOnly.groups'],
    ['an enabled token list that is empty', { tokenCreation: { enabled: true } }, 'tokenCreation.groups'],
    ['a group that is no text', access(1 as unknown as string), 'apiAccess.groups'],
    ['a control character', access('a\nb'), 'apiAccess.groups'],
    ['too long a name', access('x'.repeat(256)), 'apiAccess.groups'],
    ['too many groups', access(...Array.from({ length: 201 }, (_, i) => `g${i}`)), 'apiAccess.groups'],
    ['another mode', { mode: 'watch' }, 'mode'],
    ['unknown fields', { apiaccess: {} }, 'apiaccess'],
    ['unknown fields of a list', { apiAccess: { enabled: false, group: [] } }, 'apiAccess.group'],
    ['a list that is text', { apiAccess: 'x' }, 'apiAccess'],
  ])('refuse %s and name the field', async (_title, body, field) => {
    const answer = await put(body);
    expect(answer.status).toBe(400);
    expect(JSON.stringify(answer.body['errors'])).toContain(`"field":"${field}`);
  });

  it('are reported with who would be refused by them, for the last 30 days', async () => {
    const { body } = await node.call('GET', '/restrictions/groups/report');
    expect(audit.days).toBe(30);
    expect(body).toMatchObject({ days: 30, nextCursor: null });
    expect((body['items'] as WouldDenyEntry[]).map(({ reason }) => reason)).toEqual([
      'group_not_allowed',
      'read_only_user',
    ]);
  });
});

import { ApplicationNode } from '../../integration/applications/application-world.js';
import { PRODUCTS, connect } from '../../integration/applications/connected-products.js';
import type { AtlassianStandIn } from '../../support/atlassian/server.js';
import { standInUser } from '../../support/atlassian/users.js';
import { startCrowd } from '../../support/crowd.js';
import type { CrowdStandIn } from '../../support/crowd.js';

interface Entry {
  readonly name: string;
  readonly displayName?: string;
  readonly email?: string;
}

const MANY = 130;
/** Characters that mean something in addresses, JSON, CQL and Crowd's query language. */
const SPECIAL = ['R&D', 'c++ 100%', '"quoted"', 'back\\slash', 'Entwürfe', 'a#b?c=d', '*star*'];
const numbered = (word: string): string[] =>
  Array.from({ length: MANY }, (_, i) => `${word}-${String(i).padStart(3, '0')}`);

const SOURCES = [...PRODUCTS, 'crowd'] as const;

describe.each(SOURCES)('the pickers with the directory of %s', (source) => {
  let node: ApplicationNode;
  let standIn: AtlassianStandIn;
  let crowd: CrowdStandIn | undefined;
  const product = source === 'crowd' ? 'jira' : source;

  beforeAll(async () => {
    node = await ApplicationNode.start();
    const groups = [...numbered('team'), ...SPECIAL];
    if (source === 'crowd') {
      const person = (name: string, of: string[] = []) => ({
        name,
        email: `${name}@example.com`,
        active: true,
        groups: of,
      });
      const users = [
        ...numbered('user').map((name) => person(name)),
        person("o'brien+x"),
        person('zoë', groups),
      ];
      crowd = await startCrowd({ users, parents: { 'team-000': ['company'], company: ['everybody'] } });
      const directory = {
        kind: 'crowd',
        baseUrl: crowd.url,
        username: crowd.applicationName,
        password: crowd.applicationPassword,
      };
      standIn = await connect(node, product, { directory });
      return;
    }
    standIn = await connect(node, product, {}, { groups });
    for (const name of numbered('user')) standIn.addUser(standInUser(name, { displayName: name }));
  }, 60_000);

  afterAll(async () => {
    await node.stop();
    await standIn.close();
    await crowd?.close();
  });

  const pick = async (what: 'users' | 'groups', query: string, more = ''): Promise<Entry[]> => {
    const path = `/directory/${what}?application=${product}&query=${encodeURIComponent(query)}${more}`;
    const answer = await node.call('GET', path);
    if (answer.status !== 200) throw new Error(JSON.stringify(answer.body));
    return answer.body.items as Entry[];
  };
  const names = (entries: readonly Entry[]): string[] => entries.map(({ name }) => name);

  it('give 20 at most, or as many as asked for', async () => {
    for (const what of ['users', 'groups'] as const) {
      const word = what === 'users' ? 'user' : 'team';
      expect(names(await pick(what, word))).toEqual(numbered(word).slice(0, 20));
      expect(names(await pick(what, word, '&limit=100'))).toEqual(numbered(word).slice(0, 100));
      expect(names(await pick(what, word, '&limit=1'))).toEqual([`${word}-000`]);
    }
  });

  it.each(['&limit=0', '&limit=101', '&limit=x', `&more=1`])('refuse %s', async (more) => {
    const answer = await node.call('GET', `/directory/groups?application=${product}&query=a${more}`);
    expect(answer.status).toBe(400);
  });

  it('refuse more text than any name has', async () => {
    const answer = await node.call('GET', `/directory/users?application=${product}&query=${'a'.repeat(101)}`);
    expect(answer.status).toBe(400);
  });

  it('find the last of many by its name, in any case', async () => {
    const last = MANY - 1;
    expect(names(await pick('users', `USER-${last}`))).toContain(`user-${last}`);
    expect(names(await pick('groups', `Team-${last}`))).toEqual([`team-${last}`]);
  });

  it.each(SPECIAL)('find the group %s', async (name) => {
    expect(names(await pick('groups', name))).toContain(name);
    expect(names(await pick('groups', name.slice(1, -1)))).toContain(name);
  });

  it('find users whose names need encoding', async () => {
    const apostrophe = source === 'crowd' ? "o'brien+x" : "o'brien+x@example.com";
    expect(names(await pick('users', apostrophe))).toContain(apostrophe);
    expect(names(await pick('users', 'zoë'))).toContain('zoë');
  });

  it.each(['"', '\\', '" or name="', '%', '*', '/', '../admin', 'a/b', "' OR 1=1"])(
    'find nobody odd by %j, and never fail',
    async (query) => {
      for (const what of ['users', 'groups'] as const) {
        const found = await pick(what, query);
        expect(Array.isArray(found)).toBe(true);
      }
    },
  );

  it('list somebody without a text', async () => {
    expect((await pick('users', '')).length).toBe(20);
    expect((await pick('groups', '')).length).toBe(20);
  });

  if (source === 'crowd')
    it('a user is in the groups of her groups', async () => {
      const user = await node.directory.find(node.application(product), { by: 'username', value: 'zoë' });
      expect(user?.groups).toEqual(expect.arrayContaining(['team-000', 'company', 'everybody']));
      expect(user?.groups).toHaveLength(MANY + SPECIAL.length + 2);
    });
});

describe('the group picker of a Confluence with more groups than a picker reads', () => {
  it('finds a group beyond them by its whole name', async () => {
    const node = await ApplicationNode.start();
    const groups = Array.from({ length: 2100 }, (_, i) => `g${String(i).padStart(5, '0')}`);
    const standIn = await connect(node, 'confluence', {}, { groups: [...groups, 'zz/odd'] });
    const names = async (query: string): Promise<unknown> =>
      (await node.call('GET', `/directory/groups?application=confluence&query=${encodeURIComponent(query)}`))
        .body.items;
    expect(await names('g02099')).toEqual([{ name: 'g02099' }]);
    expect(await names('g02999')).toEqual([]);
    expect(await names('zz/odd')).toEqual([]);
    await node.stop();
    await standIn.close();
  });
});

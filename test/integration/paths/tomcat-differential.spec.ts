import { canonicalPath, isPathFault } from '../../../src/gateway/canonical-path.js';
import { isApiTraffic } from '../../../src/modules/applications/application-routing.policy.js';
import { Seeded } from '../../support/seeded.js';
import { RealTomcat, tomcatLibrary } from '../../support/tomcat/tomcat.js';
import type { Mapping } from '../../support/tomcat/tomcat.js';

const PATHS = 100_000;
const BATCH = 2_000;
const AT_A_TIME = 4;

/** What tells servlet containers and gateways apart, and what real paths are made of. */
const PIECES = [
  '/',
  '/',
  '/',
  '/',
  '/',
  'rest',
  'rest',
  'rest',
  'REST',
  'jira',
  'jira',
  'api',
  '2',
  'issue',
  'status',
  'a',
  'Z',
  '~',
  '-',
  '_',
  '.',
  '..',
  '...',
  '%2e',
  '%2E',
  '.%2e',
  '%2f',
  '%2F',
  '%5c',
  '\\',
  ';',
  ';a=b',
  '%3b',
  '%25',
  '%252e',
  '%252f',
  '%2525',
  '%',
  '%z',
  '%72',
  '%52',
  '%6a',
  '%73',
  '%74',
  '%20',
  '%23',
  '%3f',
  '%3F',
  '#',
  '%00',
  '%0a',
  '%7f',
  '%c0%af',
  '%c3%a9',
  '%C3%A9',
  '%e2%82%ac',
  '%E2%80%AE',
  '%f0%9f%98%80',
  '%c2%85',
  '%c2%a0',
  '%ed%a0%80',
  '%ef%bb%bf',
  '%ef%bc%8f',
  '%e2%88%95',
  '+',
  '@',
  '!',
  '$',
  '&',
  "'",
  '(',
  ')',
  '*',
  ',',
  ':',
  '=',
  '"',
  '<',
  '>',
  '[',
  ']',
  '^',
  '`',
  '{',
  '|',
  '}',
  'WEB-INFO',
  '*.jsp',
  '.jspa',
  '%7E',
  '%2B',
  '%26',
  '%3D',
  '%22',
  '%7c',
  '%5b',
] as const;
const STARTS = [
  '/',
  '/',
  '/rest/',
  '/rest',
  '/jira/',
  '/jira/rest/',
  '/jira/rest',
  '/jira',
  '/%72est/',
  '/jira/%72%65st/',
  '/REST/',
  '/jirax/rest/',
] as const;

interface Accepted {
  readonly raw: string;
  readonly canonical: string;
}

function generate(random: Seeded): Accepted {
  for (;;) {
    let raw: string = random.pick(STARTS);
    for (let left = random.below(9); left > 0; left--) raw += random.pick(PIECES);
    const result = canonicalPath(raw);
    if (!isPathFault(result)) return { raw, canonical: result.path };
  }
}

/** What is wrong with Tomcat's mapping of a path that goes upstream in this canonical form; undefined: nothing. */
function difference(canonical: string, mapping: Mapping | undefined): string | undefined {
  if (!mapping) return 'Tomcat refused it';
  const { servlet, contextPath, servletPath, pathInfo } = mapping;
  const mapped = contextPath + servletPath + pathInfo;
  if (mapped !== decodeURIComponent(canonical)) return `mapped to ${JSON.stringify(mapped)}`;
  const prefix = canonical === '/jira' || canonical.startsWith('/jira/') ? '/jira' : '';
  if (contextPath !== prefix) return `in the context ${JSON.stringify(contextPath)}`;
  const policyPath = canonical.slice(prefix.length);
  const below = policyPath === '/rest' || policyPath.startsWith('/rest/');
  if ((servlet === 'rest') !== below) return `given to the servlet ${servlet}`;
  const head = { authorization: undefined, apiToken: undefined, query: '' };
  if (servlet === 'rest' && !isApiTraffic(head, policyPath)) return 'an API for Tomcat and a page for us';
  return undefined;
}

const library = tomcatLibrary();

async function differences(
  tomcat: RealTomcat,
  accepted: readonly Accepted[],
  sent: keyof Accepted,
): Promise<string[]> {
  const found: string[] = [];
  const batches: (readonly Accepted[])[] = [];
  for (let at = 0; at < accepted.length; at += BATCH) batches.push(accepted.slice(at, at + BATCH));
  const worker = async (): Promise<void> => {
    for (let batch = batches.pop(); batch; batch = batches.pop()) {
      const mappings = await tomcat.map(batch.map((each) => each[sent]));
      batch.forEach(({ raw, canonical }, i) => {
        const fault = difference(canonical, mappings[i]);
        if (fault !== undefined) found.push(`${raw} -> ${canonical}: ${fault}`);
      });
    }
  };
  await Promise.all(Array.from({ length: AT_A_TIME }, worker));
  return found;
}

function describeTomcat(path: string): void {
  describe(`accepted paths in a real Tomcat (${path.split('/').at(-1)})`, () => {
    let tomcat: RealTomcat;
    const random = new Seeded(20_260_401);
    const accepted = Array.from({ length: PATHS }, () => generate(random));

    beforeAll(async () => {
      tomcat = await RealTomcat.start(path);
    }, 90_000);

    afterAll(() => tomcat?.stop());

    it('the generated paths are of many kinds', () => {
      const share = (test: (each: Accepted) => boolean): number => accepted.filter(test).length / PATHS;
      expect(new Set(accepted.map(({ canonical }) => canonical)).size).toBeGreaterThan(PATHS / 2);
      expect(share(({ raw, canonical }) => raw !== canonical)).toBeGreaterThan(0.2);
      expect(share(({ canonical }) => canonical.startsWith('/rest/'))).toBeGreaterThan(0.1);
      expect(share(({ canonical }) => canonical.startsWith('/jira/rest/'))).toBeGreaterThan(0.1);
    });

    it(`${PATHS} canonical paths are mapped as we read them, and under /rest only when we say so`, async () => {
      expect(await differences(tomcat, accepted, 'canonical')).toEqual([]);
    }, 90_000);

    it('the same paths as they came would have been mapped to the same place', async () => {
      const changed = accepted.filter(({ raw, canonical }) => raw !== canonical);
      expect(await differences(tomcat, changed, 'raw')).toEqual([]);
    }, 90_000);

    it('the comparison finds a path that Tomcat maps elsewhere', async () => {
      const hostile = [
        { raw: '/a/..;/rest/x', canonical: '/a/..;/rest/x' },
        { raw: '/rest;v=1/api', canonical: '/rest;v=1/api' },
        { raw: '/x/%2e%2e/rest/api', canonical: '/x/%2e%2e/rest/api' },
        { raw: '//rest/api', canonical: '//rest/api' },
      ];
      expect(await differences(tomcat, hostile, 'raw')).toHaveLength(hostile.length);
    });
  });
}

if (library === undefined) {
  describe('accepted paths in a real Tomcat', () => {
    it('did not run: no Tomcat here (apt-get install default-jdk-headless libtomcat10-embed-java)', () => {
      expect(tomcatLibrary()).toBeUndefined();
    });
  });
} else {
  describeTomcat(library);
}

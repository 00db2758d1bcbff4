import { isValidAntPattern } from '../../../src/lib/ant-pattern.js';
import { PUBLIC_APIS } from '../../../src/modules/public-api/catalogue/public-catalogue.policy.js';
import {
  DEFAULT_PUBLIC_API_SETTINGS,
  publicApiFaults,
  publicApiWarnings,
  tidyPublicApi,
} from '../../../src/modules/public-api/public-api-settings.policy.js';

describe('the lists of public APIs', () => {
  it('name every pattern that is not valid', () => {
    const faulty = { methods: [], path: '/rest//api' };
    const fine = { methods: [], path: '/rest/api/**' };
    const settings = { restricted: [fine, faulty], bypass: [faulty], additionalPublic: [fine] };
    expect(publicApiFaults(settings).map(({ field }) => field)).toEqual([
      'restricted[1].path',
      'bypass[0].path',
    ]);
  });

  it('name at most twenty faults', () => {
    const bypass = Array.from({ length: 100 }, () => ({ methods: [], path: 'x' }));
    expect(publicApiFaults({ ...DEFAULT_PUBLIC_API_SETTINGS, bypass })).toHaveLength(20);
  });

  it('keep every rule once, with methods in one spelling', () => {
    const rules = [
      { methods: ['post', 'GET', 'HEAD'], path: '/a' },
      { methods: ['GET', 'POST'], path: '/a' },
      { application: 'jira', methods: ['GET', 'POST'], path: '/a' },
    ];
    expect(tidyPublicApi({ ...DEFAULT_PUBLIC_API_SETTINGS, bypass: rules }).bypass).toEqual([
      { methods: ['GET', 'POST'], path: '/a' },
      { application: 'jira', methods: ['GET', 'POST'], path: '/a' },
    ]);
  });

  it('warn of unknown applications and of rules that open everything', () => {
    const settings = {
      restricted: [{ methods: [], path: '/**' }],
      bypass: [{ methods: [], path: '/**' }],
      additionalPublic: [
        { methods: [], path: '/rest/**' },
        { application: 'gone', methods: [], path: '/rest/api/2/x' },
      ],
    };
    expect(publicApiWarnings(settings, new Set(['jira']))).toEqual([
      expect.stringContaining('bypass[0] covers every path'),
      expect.stringContaining('additionalPublic[0] covers every path'),
      expect.stringContaining('additionalPublic[1] names the application gone'),
    ]);
  });
});

describe('the shipped catalogue', () => {
  it('holds valid patterns only, each once', () => {
    const texts = PUBLIC_APIS.map(({ product, path }) => `${product} ${path}`);
    expect(new Set(texts).size).toBe(texts.length);
    expect(
      PUBLIC_APIS.map(({ path }) => isValidAntPattern(path)).filter((fault) => fault !== undefined),
    ).toEqual([]);
  });

  it('lets nothing through across segments', () => {
    expect(PUBLIC_APIS.filter(({ path }) => path.includes('**'))).toEqual([]);
  });
});

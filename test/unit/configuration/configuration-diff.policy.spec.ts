import { configurationChanges } from '../../../src/modules/configuration/configuration-diff.policy.js';
import type { ChangeDescription } from '../../../src/platform/change-feed/change-feed.port.js';

const change = (before: unknown, after: unknown): ChangeDescription[] => [
  { topic: 't', by: 'alice', target: 'applications/jira', before, after },
];

describe('what a configuration document changes', () => {
  it.each<[string, unknown, unknown, unknown[]]>([
    ['nothing', { a: 1 }, { a: 1 }, []],
    ['a field', { a: 1, b: 2 }, { a: 1, b: 3 }, [{ path: 'applications/jira.b', before: 2, after: 3 }]],
    [
      'a nested field',
      { a: { b: 1 } },
      { a: { b: 2 } },
      [{ path: 'applications/jira.a.b', before: 1, after: 2 }],
    ],
    [
      'a list as a whole',
      { a: [1] },
      { a: [1, 2] },
      [{ path: 'applications/jira.a', before: [1], after: [1, 2] }],
    ],
    ['a field that comes', {}, { a: false }, [{ path: 'applications/jira.a', before: null, after: false }]],
    [
      'an item that comes',
      undefined,
      { a: 1 },
      [{ path: 'applications/jira', before: null, after: { a: 1 } }],
    ],
    [
      'an item that goes',
      { a: 1 },
      undefined,
      [{ path: 'applications/jira', before: { a: 1 }, after: null }],
    ],
    ['times only', { updatedAt: 1 }, { updatedAt: 2 }, []],
  ])('%s', (_what, before, after, expected) => {
    expect(configurationChanges(change(before, after))).toEqual(expected);
  });
});

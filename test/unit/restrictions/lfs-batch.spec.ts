import {
  compileGroupSettings,
  DEFAULT_GROUP_SETTINGS,
} from '../../../src/modules/restrictions/group-settings.policy.js';
import { lfsOperationOf, needsLfsOperation } from '../../../src/modules/restrictions/lfs-batch.policy.js';
import { bitbucket, exchange, head, jira, user } from '../../factories/exchange.js';

const OFF = compileGroupSettings(DEFAULT_GROUP_SETTINGS);
const ON = compileGroupSettings({
  ...DEFAULT_GROUP_SETTINGS,
  readOnly: { enabled: true, groups: ['readers'] },
});
const BATCH = '/scm/prj/repo.git/info/lfs/objects/batch';
const post = head({
  method: 'POST',
  contentType: 'application/vnd.git-lfs+json; charset=utf-8',
  hasBody: true,
});

describe('the body of a Git LFS batch request', () => {
  it.each([
    ['while a read-only group is on', {}, ON, true],
    ['for a read token', { principal: user({ limits: { scope: 'read' } }) }, OFF, true],
    ['for nobody else', {}, OFF, false],
    ['not for another token', { principal: user({ limits: { scope: 'write' } }) }, OFF, false],
    ['not in Jira', { application: jira }, ON, false],
    ['not of another path', { policyPath: `${BATCH}/x` }, ON, false],
    ['not of another method', { head: { ...post, method: 'PUT' } }, ON, false],
    ['not of a path that is not canonical', { head: { ...post, exactPath: false } }, ON, false],
    ['not of another type', { head: { ...post, contentType: 'application/json' } }, ON, false],
    [
      'not in another encoding',
      { head: { ...post, contentType: 'application/vnd.git-lfs+json; charset=utf-16' } },
      ON,
      false,
    ],
  ] as const)('is looked at %s', (_title, change, rules, expected) => {
    const asked = exchange({
      application: bitbucket,
      policyPath: BATCH,
      head: post,
      principal: user(),
      ...change,
    });
    expect(needsLfsOperation(asked, rules)).toBe(expected);
  });

  it.each([
    ['{"operation":"download","objects":[]}', 'download'],
    ['{ "operation" : "download" }', 'download'],
    ['{"operation":"upload"}', 'upload'],
    ['{"operation":"download","operation":"upload"}', 'upload'],
    ['{"operation":"upload","operation":"download"}', 'upload'],
    ['{"operation":"download","Operation":"upload"}', 'upload'],
    ['{"operation":"download","\\u006fperation":"upload"}', 'upload'],
    ['{"objects":{"operation":"download"}}', 'upload'],
    ['["operation","download"]', 'upload'],
    ['{"operation":"download"', 'upload'],
    ['"operation"', 'upload'],
    ['null', 'upload'],
    ['', 'upload'],
  ])('%s asks for %s', (body, operation) => {
    expect(lfsOperationOf(Buffer.from(body))).toBe(operation);
  });

  it('that nobody read uploads', () => {
    expect(lfsOperationOf(undefined)).toBe('upload');
  });
});

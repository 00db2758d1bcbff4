import { randomUUID } from 'node:crypto';
import { PasswordAttempts } from '../../../src/modules/credentials/password-attempts.service.js';
import type { Admission } from '../../../src/modules/credentials/password-attempts.service.js';
import { InProcessStorage } from '../../../src/modules/rate-limit/in-process-storage.service.js';
import { startSharedStorage, TEST_REDIS_URL } from '../../support/rate-limit/redis.js';

const wrong = async (node: PasswordAttempts, user: string, password = randomUUID()): Promise<Admission> => {
  const admission = await node.begin('jira', user, password);
  if (typeof admission !== 'number') admission.failed();
  return admission;
};

describe('password attempts of one node', () => {
  it('counts each user of each application for itself', async () => {
    const node = new PasswordAttempts(new InProcessStorage());
    for (let i = 0; i < 2; i++) expect(typeof (await wrong(node, 'alice'))).toBe('object');
    expect(await wrong(node, 'ALICE')).toBeGreaterThan(290);
    expect(typeof (await wrong(node, 'bob'))).toBe('object');
    expect(typeof (await node.begin('bitbucket', 'alice', 'x'))).toBe('object');
  });

  it('counts nothing that the application never saw, and gives its place free', async () => {
    const node = new PasswordAttempts(new InProcessStorage());
    for (let i = 0; i < 5; i++) {
      const admission = await node.begin('jira', 'alice', `p${i}`);
      if (typeof admission === 'number') throw new Error('refused');
      admission.abandoned(false);
    }
    expect(typeof (await node.begin('jira', 'alice', 'p'))).toBe('object');
  });

  it('settles an attempt once: a right answer stays right when the client leaves during the body', async () => {
    const node = new PasswordAttempts(new InProcessStorage());
    const admission = await node.begin('jira', 'alice', 'right');
    if (typeof admission === 'number') throw new Error('refused');
    admission.succeeded();
    admission.abandoned(true);
    admission.failed();
    for (let i = 0; i < 3; i++) await wrong(node, 'alice');
    expect(typeof (await node.begin('jira', 'alice', 'right'))).toBe('object');
  });
});

/** Needs a real Redis: declared only when there is one. */
if (TEST_REDIS_URL !== undefined) describeWithRedis(TEST_REDIS_URL);

function describeWithRedis(url: string): void {
  describe('password attempts of two nodes with Redis', () => {
    it('are counted together: two wrong ones, wherever they are tried', async () => {
      const [one, other] = [await startSharedStorage(url), await startSharedStorage(url)];
      try {
        const user = randomUUID();
        const nodes = [one, other].map(({ storage }) => new PasswordAttempts(storage)) as [
          PasswordAttempts,
          PasswordAttempts,
        ];
        expect(typeof (await wrong(nodes[0], user))).toBe('object');
        expect(typeof (await wrong(nodes[1], user))).toBe('object');
        for (const node of nodes) expect(await wrong(node, user)).toBeGreaterThan(290);
      } finally {
        await Promise.all([one, other].map(({ storage }) => storage.onApplicationShutdown()));
      }
    });
  });
}

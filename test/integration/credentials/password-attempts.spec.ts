import { randomUUID } from 'node:crypto';
import { PasswordAttempts } from '../../../src/modules/credentials/password-attempts.service.js';
import type { Admission } from '../../../src/modules/credentials/password-attempts.service.js';
import { InProcessStorage } from '../../../src/modules/rate-limit/in-process-storage.service.js';
import type { FailureBlock } from '../../../src/modules/rate-limit/rate-limit.port.js';
import { startSharedStorage, TEST_REDIS_URL } from '../../support/rate-limit/redis.js';

const isBlocked = (admission: Admission): admission is FailureBlock => 'retryAfterSeconds' in admission;

/** Seconds to wait; 0 for who may try. */
const waitOf = (admission: Admission): number => (isBlocked(admission) ? admission.retryAfterSeconds : 0);

const wrong = async (node: PasswordAttempts, user: string, password = randomUUID()): Promise<Admission> => {
  const admission = await node.begin('jira', user, password);
  if (!isBlocked(admission)) admission.failed();
  return admission;
};

describe('password attempts of one node', () => {
  it('counts each user of each application for itself', async () => {
    const node = new PasswordAttempts(new InProcessStorage());
    for (let i = 0; i < 2; i++) expect(waitOf(await wrong(node, 'alice'))).toBe(0);
    expect(waitOf(await wrong(node, 'ALICE'))).toBeGreaterThan(290);
    expect(waitOf(await wrong(node, 'bob'))).toBe(0);
    expect(waitOf(await node.begin('bitbucket', 'alice', 'x'))).toBe(0);
  });

  it('counts for one user what a database may take for the same name', async () => {
    const node = new PasswordAttempts(new InProcessStorage());
    for (const name of ['alice ', '\u00a0\uff21lice']) expect(waitOf(await wrong(node, name))).toBe(0);
    expect(waitOf(await wrong(node, 'alice'))).toBeGreaterThan(290);
  });

  it('counts nothing that the application never saw, and gives its place free', async () => {
    const node = new PasswordAttempts(new InProcessStorage());
    for (let i = 0; i < 5; i++) {
      const admission = await node.begin('jira', 'alice', `p${i}`);
      if (isBlocked(admission)) throw new Error('refused');
      admission.abandoned(false);
    }
    expect(waitOf(await node.begin('jira', 'alice', 'p'))).toBe(0);
  });

  it('settles an attempt once: a right answer stays right when the client leaves during the body', async () => {
    const node = new PasswordAttempts(new InProcessStorage());
    const admission = await node.begin('jira', 'alice', 'right');
    if (isBlocked(admission)) throw new Error('refused');
    admission.succeeded();
    admission.abandoned(true);
    admission.failed();
    for (let i = 0; i < 3; i++) await wrong(node, 'alice');
    expect(waitOf(await node.begin('jira', 'alice', 'right'))).toBe(0);
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
        expect(waitOf(await wrong(nodes[0], user))).toBe(0);
        expect(waitOf(await wrong(nodes[1], user))).toBe(0);
        for (const node of nodes) expect(waitOf(await wrong(node, user))).toBeGreaterThan(290);
      } finally {
        await Promise.all([one, other].map(({ storage }) => storage.onApplicationShutdown()));
      }
    });
  });
}

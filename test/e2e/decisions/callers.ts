import { issueToken } from '../../support/dataplane.js';
import type { World } from '../../support/world.js';
import { bearer, userAndPassword } from './questions.js';
import type { SentCredential } from './questions.js';

/** Everybody who has a token or a password, good or bad. */
export async function callersOf(world: World): Promise<SentCredential[]> {
  const { admin } = world.gateway;
  const token = async (user: string, more: object = {}): Promise<string> =>
    (await issueToken(admin, user, { ...more })).token;
  const revoked = await issueToken(admin, 'alice');
  await admin.call('DELETE', `/tokens/${revoked.id}`);
  const alice = await token('alice');
  const providers = await Promise.all(
    ['alice', 'bob', 'rita', 'admin', 'ivan', 'stranger'].map(async (user) =>
      bearer(`provider token of ${user}`, await world.tokenOf(user)),
    ),
  );
  return [
    ...providers,
    bearer('a changed provider token', `${(await world.tokenOf('alice')).slice(0, -6)}AAAAAA`),
    bearer('an opaque token', 'nobody-made-this'),
    bearer('two words', 'two words'),
    bearer('API token', alice),
    bearer('API token of rita', await token('rita')),
    bearer('reading API token', await token('bob', { scope: 'read' })),
    bearer('API token for paths', await token('alice', { paths: ['/rest/api/2/**'] })),
    bearer('API token for an address', await token('alice', { allowedIps: ['127.20.0.0/16'] })),
    bearer('revoked API token', revoked.token),
    bearer('cut API token', alice.slice(0, -3)),
    userAndPassword('API token as password', 'alice', alice),
    userAndPassword('API token of another', 'bob', alice),
    userAndPassword('password', 'alice', 'alice-password'),
    userAndPassword('password of rita', 'rita', 'rita-password'),
    bearer('personal access token', world.jira.issuePat('alice').token),
    bearer('personal access token of rita', world.jira.issuePat('rita').token),
    bearer('unknown personal access token', Buffer.from(`123456789012:${'x'.repeat(20)}`).toString('base64')),
  ];
}

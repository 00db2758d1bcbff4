import { APPLICATIONS } from '../../../src/modules/applications/applications.port.js';
import { MintedPats } from '../../../src/modules/identity/minted-pats.service.js';
import { initialSnapshot } from '../../../src/platform/change-feed/snapshot.js';
import { jira } from '../../factories/exchange.js';

type Parts = ConstructorParameters<typeof MintedPats>;

describe('a token that was made as a user', () => {
  it('is never lent to another user whose name is the same in lower case only', async () => {
    const snapshot = APPLICATIONS.replaceIn(initialSnapshot(), {
      byKey: new Map([[jira.key, jira]]),
      byHostname: new Map(),
      byPrefix: [jira],
    });
    const maker = {
      make: (application: unknown, username: string) =>
        Promise.resolve({
          application,
          username,
          id: '1',
          token: `token of ${username}`,
          madeAt: Date.now(),
          expiresAt: Date.now() + 86_400_000,
        }),
      takeBack: () => Promise.resolve(),
    };
    const pats = new MintedPats(
      { current: snapshot, onReload: () => undefined } as unknown as Parts[0],
      {} as Parts[1],
      {} as Parts[2],
      maker as unknown as Parts[3],
    );
    expect(pats.tokenOf(jira, 'karl')).toBeUndefined();
    await new Promise((resolve) => setImmediate(resolve));
    expect(pats.tokenOf(jira, 'Karl')).toBe('token of karl');
    expect(pats.tokenOf(jira, '\u212aarl')).toBeUndefined();
    await pats.onModuleDestroy();
  });
});

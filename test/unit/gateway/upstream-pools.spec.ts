import { pino } from 'pino';
import { UpstreamPools } from '../../../src/gateway/upstream.pools.js';
import { APPLICATIONS } from '../../../src/modules/applications/applications.port.js';
import type { Application } from '../../../src/modules/applications/applications.port.js';
import type { ChangeFeedPort } from '../../../src/platform/change-feed/change-feed.port.js';
import { initialSnapshot } from '../../../src/platform/change-feed/snapshot.js';
import { jira } from '../../factories/exchange.js';

describe('connection pools', () => {
  it('serve a request that was decided just before its application was changed', async () => {
    const reloads: (() => void)[] = [];
    const feed = {
      current: initialSnapshot(),
      onReload: (_topic: string, reload: () => void) => reloads.push(reload),
    };
    const inForce = (application: Application): void => {
      feed.current = APPLICATIONS.replaceIn(feed.current, {
        byKey: new Map([[application.key, application]]),
        byHostname: new Map(),
        byPrefix: [application],
      });
      for (const reload of reloads) reload();
    };
    const pools = new UpstreamPools(feed as unknown as ChangeFeedPort, pino({ level: 'silent' }));
    inForce(jira);
    const before = pools.for(jira);
    inForce({ ...jira, timeouts: { ...jira.timeouts, headersMs: 1000 } });
    expect([before.pool.closed, pools.for(jira).pool.closed]).toEqual([true, false]);

    const late = pools.for(jira);
    inForce({ ...jira, timeouts: { ...jira.timeouts, headersMs: 2000 } });
    expect(late.pool.closed).toBe(true);
    await pools.onApplicationShutdown();
  });
});

import { ApplicationGuard } from '../../../src/modules/applications/application.guard.js';
import { APPLICATIONS } from '../../../src/modules/applications/applications.port.js';
import type { Application } from '../../../src/modules/applications/applications.port.js';
import type { Exchange, RequestHead } from '../../../src/modules/decisions/exchange.port.js';
import { initialSnapshot } from '../../../src/platform/change-feed/snapshot.js';
import { anApplication } from './application-fixture.js';

function decide(
  path: string,
  head: Partial<RequestHead> = {},
  application: Partial<Application> = {},
): Exchange {
  const own = anApplication(application);
  const value = { byKey: new Map([[own.key, own]]), byHostname: new Map(), byPrefix: [own] };
  const exchange = {
    head: { host: 'gw.test', path, query: '', ...head },
    snapshot: APPLICATIONS.replaceIn(initialSnapshot(), value),
  } as Exchange;
  exchange.decision = new ApplicationGuard().decide(exchange);
  return exchange;
}

describe('the first step of a request', () => {
  it('finds the application and goes on with API traffic', () => {
    const exchange = decide('/jira/rest/api/2/myself');
    expect(exchange).toMatchObject({
      api: true,
      policyPath: '/rest/api/2/myself',
      application: { key: 'jira' },
    });
    expect(exchange.decision).toBeUndefined();
  });

  it('refuses what belongs to no application', () => {
    expect(decide('/other/rest').decision).toMatchObject({ verdict: 'deny', reason: 'unknown_application' });
  });

  it('lets web traffic pass, or blocks it', () => {
    expect(decide('/jira/browse/X-1').decision).toEqual({ verdict: 'forward', kind: 'passed-through' });
    const blocked = decide('/jira/browse/X-1', {}, { webTraffic: 'block' });
    expect(blocked.decision).toMatchObject({ verdict: 'deny', reason: 'not_an_api' });
    expect(blocked.api).toBe(false);
  });

  it('goes on with any path that comes with a credential', () => {
    expect(decide('/jira/browse/X-1', { authorization: 'Bearer x' })).toMatchObject({
      api: true,
      decision: undefined,
    });
  });

  it.each([{}, { authorization: 'Bearer x' }])(
    'refuses a REST path that hides behind static files',
    (head) => {
      const { decision } = decide('/jira/s/x/_/rest/api/2/user', head);
      expect(decision).toMatchObject({ verdict: 'deny', reason: 'malformed_path' });
    },
  );
});

import { join } from 'node:path';
import { isInstalled, startClientWorld } from '../../support/client-world.js';
import type { ClientWorld } from '../../support/client-world.js';
import { behavesAsClient } from '../../support/clients/client-behaviour.js';
import { programClient } from '../../support/clients/client.js';
import { fetchClient } from '../../support/clients/http-client.js';
import { auditOf, eventually, issueToken } from '../../support/dataplane.js';

const PYTHON = '/usr/bin/python3';
const installed = isInstalled(PYTHON, ['-c', 'import jira']);
const pythonJira = programClient(PYTHON, join(__dirname, '../../support/clients/python_jira.py'));

if (installed) behavesAsClient('python-jira', pythonJira);
else behavesAsClient('fetch in place of python-jira, which is not installed here,', fetchClient);

describe('a client that waits when it is limited', () => {
  let world: ClientWorld;

  beforeAll(async () => {
    world = await startClientWorld({ identity: 'header' });
  }, 60_000);
  afterAll(() => world?.stop());

  it('python-jira backs off on our 429 and gets through', async () => {
    const { id, token } = await issueToken(world.gateway.admin, 'alice');
    const overrides = [{ tokenId: id, requests: 2, window: { value: 2, unit: 'second' } }];
    await world.gateway.admin.call('PUT', '/rate-limit', { enabled: true, overrides });
    if (installed) {
      const outcome = await pythonJira({
        url: world.url,
        user: 'alice',
        token,
        form: 'bearer',
        action: 'patient',
      });
      expect(outcome).toEqual({ summary: 'Issue X-1' });
      expect(world.standIn.requestsTo('/rest/api/2/issue/X-1')).toHaveLength(3);
      const { items } = await world.gateway.admin.call<{ items: { requestId: string }[] }>(
        'GET',
        '/audit/events?reason=rate_limited',
      );
      expect(items.length).toBeGreaterThan(0);
    }
    // What it reads from the answer; it fails without these fields.
    const limited = await eventually('a limited answer', async () => {
      const answer = await fetch(`${world.url}/rest/api/2/issue/X-1`, {
        headers: { Authorization: `Bearer ${token}`, 'X-Request-Id': 'limited' },
      });
      return answer.status === 429 && answer;
    });
    for (const name of [
      'X-RateLimit-FillRate',
      'X-RateLimit-Interval-Seconds',
      'X-RateLimit-Limit',
      'Retry-After',
    ]) {
      expect(limited.headers.get(name)).toMatch(/^\d+$/);
    }
    const reasons = (await auditOf(world.gateway.admin, 'limited')).map((each) => each.reason);
    expect(reasons).toContain('rate_limited');
  }, 60_000);
});

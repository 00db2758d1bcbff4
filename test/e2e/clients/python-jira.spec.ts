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

/** It fails on a 429 without these. */
const READ_BY_PYTHON_JIRA = [
  'X-RateLimit-FillRate',
  'X-RateLimit-Interval-Seconds',
  'X-RateLimit-Limit',
  'Retry-After',
];

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
    const limited = await eventually('a limited answer', async () => {
      const answer = await fetch(`${world.url}/rest/api/2/issue/X-1`, {
        headers: { Authorization: `Bearer ${token}`, 'X-Request-Id': 'limited' },
      });
      return answer.status === 429 && answer;
    });
    for (const name of READ_BY_PYTHON_JIRA) expect(limited.headers.get(name)).toMatch(/^\d+$/);
    const reasons = (await auditOf(world.gateway.admin, 'limited')).map((each) => each.reason);
    expect(reasons).toContain('rate_limited');
  }, 60_000);

  it('python-jira backs off after too many failures from its address, and says why', async () => {
    const failedAuthentications = { perMinute: 2 };
    await world.gateway.admin.call('PUT', '/rate-limit', { enabled: false, failedAuthentications });
    const { token } = await issueToken(world.gateway.admin, 'alice');
    const bad = `${token.slice(0, -1)}${token.endsWith('0') ? '1' : '0'}`;
    const answers = [];
    for (let i = 0; i < 3; i++) {
      const headers = { Authorization: `Bearer ${bad}` };
      answers.push(await fetch(`${world.url}/rest/api/2/issue/X-1`, { headers }));
    }
    expect(answers.map(({ status }) => status)).toEqual([401, 401, 429]);
    for (const name of READ_BY_PYTHON_JIRA) expect(answers[2]?.headers.get(name)).toMatch(/^\d+$/);
    if (!installed) return;
    const errand = { url: world.url, user: 'alice', token, form: 'bearer', action: 'patient' } as const;
    expect(await pythonJira({ ...errand, patience: 0.01 })).toEqual({
      error: { status: 429, message: expect.stringContaining('Too many failed authentications') },
    });
    // One try and three more, each after a wait of its own.
    await eventually('all four refusals', async () => {
      const { items } = await world.gateway.admin.call<{ items: { userAgent: string | null }[] }>(
        'GET',
        '/audit/events?reason=too_many_failures',
      );
      return items.filter(({ userAgent }) => userAgent?.includes('python-requests')).length === 4;
    });
    await world.gateway.admin.call('PUT', '/rate-limit', {});
    expect(await pythonJira(errand)).toEqual({ summary: 'Issue X-1' });
  }, 60_000);
});

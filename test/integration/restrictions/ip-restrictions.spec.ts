import { IpRestrictionsController } from '../../../src/modules/restrictions/ip-restrictions.controller.js';
import { IpRestrictionsService } from '../../../src/modules/restrictions/ip-restrictions.service.js';
import { DEFAULT_IP_SETTINGS } from '../../../src/modules/restrictions/ip-settings.policy.js';
import { IP_RESTRICTIONS } from '../../../src/modules/restrictions/restrictions.port.js';
import { SettingsNode, startSettingsNode } from '../../support/settings-node.js';
import type { Answer, CallOptions } from '../../support/settings-node.js';

const parts = { controllers: [IpRestrictionsController], providers: [IpRestrictionsService] };
const inside = { remoteAddress: '203.0.113.7' };
const list = { enabled: true, allowed: ['203.0.113.0/24'] };

describe('the IP restrictions', () => {
  let node: SettingsNode;
  let url: string;
  let stop: () => Promise<void>;

  beforeEach(async () => {
    ({ node, url, stop } = await startSettingsNode(parts));
  });

  afterEach(() => stop());

  const put = (body: object, options: CallOptions = inside, query = ''): Promise<Answer> =>
    node.call('PUT', `/restrictions/ip${query}`, body, options);

  it('begin switched off', async () => {
    const { body, headers } = await node.call('GET', '/restrictions/ip');
    expect(body).toEqual(DEFAULT_IP_SETTINGS);
    expect(headers['etag']).toBe('"0"');
  });

  it('are in force on this node before the answer, and audited with before and after', async () => {
    const { status, headers, body } = await put(list);
    expect(status).toBe(200);
    expect(headers['etag']).toBe('"1"');
    expect(body).toEqual({ ...DEFAULT_IP_SETTINGS, ...list });
    const rules = IP_RESTRICTIONS.of(node.changeFeed.current);
    expect([rules.enabled, rules.isAllowed('203.0.113.9'), rules.isAllowed('198.51.100.9')]).toEqual([
      true,
      true,
      false,
    ]);
    expect(node.changes).toMatchObject([
      { target: 'restrictions/ip', by: 'root', before: { enabled: false }, after: { enabled: true } },
    ]);
  });

  it('are in force on another node soon after', async () => {
    const other = await SettingsNode.start(url, parts);
    try {
      await put(list);
      const deadline = Date.now() + 2000;
      while (!IP_RESTRICTIONS.of(other.changeFeed.current).enabled && Date.now() < deadline) {
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
      expect(IP_RESTRICTIONS.of(other.changeFeed.current).isAllowed('203.0.113.9')).toBe(true);
    } finally {
      await other.stop();
    }
  });

  it('may be saved again as they were answered', async () => {
    const { body } = await put({ ...list, reverseProxy: { enabled: true, trustedProxies: ['10.9.0.2'] } });
    expect((await put(body)).status).toBe(200);
  });

  it('refuse a lost update', async () => {
    await put(list);
    const late = await put({ enabled: false }, { ...inside, headers: { 'if-match': '"0"' } });
    expect(late.status).toBe(412);
    expect(IP_RESTRICTIONS.of(node.changeFeed.current).enabled).toBe(true);
  });

  it('refuse a list that shuts its admin out, unless that is confirmed', async () => {
    const outside = { remoteAddress: '198.51.100.9' };
    const refused = await put(list, outside);
    expect(refused.status).toBe(409);
    expect(refused.body).toMatchObject({ code: 'would_lock_out' });
    expect(IP_RESTRICTIONS.of(node.changeFeed.current).enabled).toBe(false);
    expect((await put(list, outside, '?confirm=true')).status).toBe(200);
  });

  it('judge an admin behind a proxy by the header, as the data plane will', async () => {
    const reverseProxy = { enabled: true, header: 'X-Forwarded-For', trustedProxies: ['10.9.0.2'] };
    const via = (header?: string): CallOptions => ({
      remoteAddress: '10.9.0.2',
      ...(header === undefined ? {} : { headers: { 'x-forwarded-for': header } }),
    });
    expect((await put({ ...list, reverseProxy }, via('198.51.100.9'))).status).toBe(409);
    expect((await put({ ...list, reverseProxy }, via())).status).toBe(409);
    expect((await put({ ...list, reverseProxy }, via('203.0.113.7'))).status).toBe(200);
    expect((await node.call('GET', '/restrictions/ip/whoami', undefined, via('198.51.100.9'))).body).toEqual({
      peerIp: '10.9.0.2',
      peerTrusted: true,
      header: { name: 'x-forwarded-for', lines: ['198.51.100.9'] },
      walk: [{ value: '198.51.100.9', address: '198.51.100.9', trusted: false }],
      clientIp: '198.51.100.9',
      allowed: false,
      detail: '198.51.100.9 is not in the list of allowed addresses.',
    });
    expect((await node.call('GET', '/restrictions/ip/whoami', undefined, via())).body).toMatchObject({
      clientIp: null,
      allowed: false,
    });
  });

  it('show an admin the walk through the header, and where it ends', async () => {
    const reverseProxy = { enabled: true, header: 'X-Client', trustedProxies: ['10.9.0.0/24'] };
    await put({ ...list, reverseProxy }, inside);
    const seen = async (remoteAddress: string, line: string): Promise<Record<string, unknown>> => {
      const options = { remoteAddress, headers: { 'x-client': line } };
      return (await node.call('GET', '/restrictions/ip/whoami', undefined, options)).body;
    };
    expect(await seen('10.9.0.2', '1.2.3.4, [2001:DB8::7]:443 , 10.9.0.3:80')).toMatchObject({
      walk: [
        { value: '10.9.0.3:80', address: '10.9.0.3', trusted: true },
        { value: '[2001:DB8::7]:443', address: '2001:db8::7', trusted: false },
      ],
      clientIp: '2001:db8::7',
      allowed: false,
    });
    expect(await seen('10.9.0.2', '203.0.113.7, fe80::1%eth0')).toMatchObject({
      walk: [{ value: 'fe80::1%eth0', address: null, trusted: false }],
      clientIp: null,
      allowed: false,
    });
    expect(await seen('203.0.113.7', '10.9.0.3')).toEqual({
      peerIp: '203.0.113.7',
      peerTrusted: false,
      header: { name: 'x-client', lines: ['10.9.0.3'] },
      walk: [],
      clientIp: '203.0.113.7',
      allowed: true,
      detail: null,
    });
  });

  it.each<[string, object, string]>([
    ['an enabled list that is empty', { enabled: true, allowed: [] }, 'allowed'],
    ['an address that is none', { allowed: ['10.0.0.0/8', '010.0.0.1'] }, 'allowed[1]'],
    [
      'I-05 a number of trusted hops',
      { reverseProxy: { enabled: true, trustedHops: 1 } },
      'reverseProxy.trustedHops',
    ],
    [
      'I-05 a header believed from anybody',
      { reverseProxy: { enabled: true } },
      'reverseProxy.trustedProxies',
    ],
    ['a header name that is none', { reverseProxy: { header: 'X Forwarded' } }, 'reverseProxy.header'],
    ['another mode', { mode: 'off' }, 'mode'],
    ['a switch that is text', { enabled: 'true' }, 'enabled'],
    ['a list of numbers', { allowed: [1] }, 'allowed'],
    ['a list that is none', { allowed: null }, 'allowed'],
    ['too long a list', { allowed: Array(10_001).fill('10.0.0.1') }, 'allowed'],
    ['unknown fields', { allow: [] }, 'allow'],
  ])('refuse %s and name the field', async (_title, body, field) => {
    const answer = await put(body);
    expect(answer.status).toBe(400);
    expect(JSON.stringify(answer.body['errors'])).toContain(`"field":"${field}`);
    expect((await node.call('GET', '/restrictions/ip')).headers['etag']).toBe('"0"');
  });

  it('take ten thousand ranges', async () => {
    const allowed = Array.from({ length: 9999 }, (_, i) => `10.${i >> 8}.${i & 255}.0/30`);
    const { status } = await put({ enabled: true, allowed: [...allowed, '203.0.113.7'] });
    expect(status).toBe(200);
    expect(IP_RESTRICTIONS.of(node.changeFeed.current).isAllowed('10.3.7.2')).toBe(true);
  });
});

import { createServer as createPlainServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { ApplicationHttpService } from '../../../src/modules/applications/application-http.service.js';
import { parseTls } from '../../../src/modules/applications/tls-settings.policy.js';
import { anApplication } from '../../unit/applications/application-fixture.js';
import { CERTIFICATE, PRIVATE_KEY } from './certificates.js';

const GET = { method: 'GET', target: '/', headers: {} };

function listen(server: Server | ReturnType<typeof createServer>): Promise<number> {
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port));
  });
}

describe('requests of Restgate itself to an application', () => {
  const servers: { close(): unknown; closeAllConnections(): void }[] = [];
  let http: ApplicationHttpService;

  beforeEach(() => {
    http = new ApplicationHttpService({ version: '1.2.3' });
  });

  afterEach(async () => {
    await http.onApplicationShutdown();
    for (const server of servers.splice(0)) {
      server.closeAllConnections();
      server.close();
    }
  });

  async function secureServer(): Promise<string> {
    const options = {
      cert: CERTIFICATE,
      key: PRIVATE_KEY,
      ca: CERTIFICATE,
      requestCert: true,
      rejectUnauthorized: false,
    };
    const server = createServer(options, (request, response) => {
      response.end((request.socket as TLSSocket).authorized ? 'known client' : 'unknown client');
    });
    servers.push(server);
    return `https://127.0.0.1:${await listen(server)}`;
  }

  async function plainServer(
    handler: (request: IncomingMessage, response: ServerResponse) => void,
  ): Promise<string> {
    const server = createPlainServer(handler);
    servers.push(server);
    return `http://127.0.0.1:${await listen(server)}`;
  }

  it('do not trust a certificate of nobody, and say what to do', async () => {
    const application = anApplication({ origin: await secureServer() });
    await expect(http.request(application, GET)).rejects.toThrow('tls.ca');
  });

  it('trust the certificate that the admin gave, from the change on', async () => {
    const origin = await secureServer();
    await expect(http.request(anApplication({ origin }), GET)).rejects.toThrow('tls.ca');
    const answer = await http.request(anApplication({ origin, tls: { ca: CERTIFICATE } }), GET);
    expect(answer).toMatchObject({ status: 200, text: 'unknown client' });
  });

  it('show the client certificate that the admin gave', async () => {
    const tls = { ca: CERTIFICATE, certificate: CERTIFICATE, privateKey: PRIVATE_KEY };
    const answer = await http.request(anApplication({ origin: await secureServer(), tls }), GET);
    expect(answer.text).toBe('known client');
  });

  it('name themselves, do not follow redirects and keep no cookies', async () => {
    const seen: IncomingMessage[] = [];
    const origin = await plainServer((request, response) => {
      seen.push(request);
      response.writeHead(302, { location: '/elsewhere', 'set-cookie': 'JSESSIONID=1' }).end();
    });
    const application = anApplication({ origin });
    expect(await http.request(application, GET)).toMatchObject({ status: 302 });
    await http.request(application, GET);
    expect(seen.map(({ url }) => url)).toEqual(['/', '/']);
    expect(seen[1]?.headers).toMatchObject({ 'user-agent': 'restgate/1.2.3' });
    expect(seen[1]?.headers).not.toHaveProperty('cookie');
  });

  it('ask a second time, and no more, when a kept connection was lost', async () => {
    let requests = 0;
    const origin = await plainServer((request, response) => {
      requests++;
      if (requests === 1) request.socket.destroy();
      else response.end('here');
    });
    expect((await http.request(anApplication({ origin }), GET)).text).toBe('here');
    requests = 0;
    await expect(http.request(anApplication({ origin }), { ...GET, method: 'POST' })).rejects.toThrow(
      'closed',
    );
    expect(requests).toBe(1);
  });
});

describe('TLS settings', () => {
  const faultsOf = (value: unknown): string[] => {
    const faults: { field: string; message: string }[] = [];
    parseTls(value, undefined, faults);
    return faults.map(({ field }) => field);
  };

  it('are taken when they fit together', () => {
    expect(faultsOf({ ca: CERTIFICATE, certificate: CERTIFICATE, privateKey: PRIVATE_KEY })).toEqual([]);
  });

  it.each([
    ['a certificate without key', { certificate: CERTIFICATE }, ['tls.privateKey']],
    ['a key without certificate', { privateKey: PRIVATE_KEY }, ['tls.certificate']],
    ['a key that is none', { certificate: CERTIFICATE, privateKey: 'x' }, ['tls.privateKey']],
    ['a certificate that is none', { ca: 'x' }, ['tls.ca']],
    ['an unknown field', { verify: false }, ['tls.verify']],
  ])('are refused with %s', (_what, value, expected) => {
    expect(faultsOf(value)).toEqual(expected);
  });

  it('keep the private key while the certificate stays', () => {
    const stored = { certificate: CERTIFICATE, privateKey: PRIVATE_KEY };
    expect(parseTls({ certificate: CERTIFICATE }, stored, [])).toEqual(stored);
    expect(parseTls(null, stored, [])).toBeUndefined();
  });
});

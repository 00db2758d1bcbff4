import { connect } from 'node:net';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:tls';
import type { Server, TLSSocket } from 'node:tls';
import { CERTIFICATE, PRIVATE_KEY } from '../../contract/applications/certificates.js';
import { issueToken, auditOf } from '../../support/dataplane.js';
import { startWorld } from '../../support/world.js';
import type { World } from '../../support/world.js';

/** Genuine, and nobody's: it has signed nothing here. */
const ANOTHER_AUTHORITY = `-----BEGIN CERTIFICATE-----
MIIBkDCCATWgAwIBAgIUW7EeNpuV2ee2Kj1Bd3BHpMvwZa0wCgYIKoZIzj0EAwIw
HDEaMBgGA1UEAwwRQW5vdGhlciBhdXRob3JpdHkwIBcNMjYxMTIxMjEwODQzWhgP
MjEyNjEwMjgyMTA4NDNaMBwxGjAYBgNVBAMMEUFub3RoZXIgYXV0aG9yaXR5MFkw
EwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEq8n4+U2pz9l1VK2WFfAGHUxvf3AoJ7GR
TN1Skh1jCDFFEnc9NCrumZMcj7BeGmLsaGzX/1YcOTkE//ofJqnXhKNTMFEwHQYD
VR0OBBYEFNsWZJ+/e5xsESWLrWSjQdCdy/VLMB8GA1UdIwQYMBaAFNsWZJ+/e5xs
ESWLrWSjQdCdy/VLMA8GA1UdEwEB/wQFMAMBAf8wCgYIKoZIzj0EAwIDSQAwRgIh
ANO8wfnqi6Uy99U3W/1prGbFaF9P0BPw4Gp2gu9VN/9oAiEAzJoDpG2eJNjbNDhP
hdjwMXIQgeb56nj81GWtOZ42jCY=
-----END CERTIFICATE-----
`;
const PUBLIC = '/jira/rest/api/2/serverInfo';

describe('an application behind TLS', () => {
  let world: World;
  let secure: Server;
  let sockets: Set<TLSSocket>;
  let clientCertificates: boolean[];

  /** The application's TLS: what comes through it goes on to the stand-in. */
  function startSecure(requireClient: boolean): Promise<string> {
    const options = {
      cert: CERTIFICATE,
      key: PRIVATE_KEY,
      ca: CERTIFICATE,
      requestCert: true,
      rejectUnauthorized: requireClient,
    };
    secure = createServer(options, (socket) => {
      sockets.add(socket);
      clientCertificates.push(socket.authorized);
      const { port } = world.jira.address;
      const plain = connect(port, '127.0.0.1');
      const end = (): void => {
        socket.destroy();
        plain.destroy();
      };
      socket.on('error', end).on('close', end);
      plain.on('error', end).on('close', end);
      socket.pipe(plain).pipe(socket);
    });
    secure.on('tlsClientError', () => undefined);
    return new Promise((resolve) => {
      secure.listen(0, '127.0.0.1', () =>
        resolve(`https://127.0.0.1:${(secure.address() as AddressInfo).port}/jira`),
      );
    });
  }
  const set = async (requireClient: boolean, tls: Record<string, string> | null): Promise<void> => {
    const baseUrl = await startSecure(requireClient);
    await world.gateway.admin.call('PATCH', '/applications/jira', { baseUrl, tls });
  };
  const ask = (id: string) => world.fetch(PUBLIC, undefined, { headers: { 'X-Request-Id': id } });
  const expectUnreachable = async (id: string): Promise<void> => {
    const answer = await ask(id);
    const body = await answer.text();
    expect([answer.status, JSON.parse(body)]).toEqual([
      502,
      expect.objectContaining({ code: 'upstream_unavailable' }),
    ]);
    expect(body).not.toMatch(/127\.0\.0\.1|https:|ssl|verif/i);
    expect(world.jira.requestsTo('/rest/api/2/serverInfo')).toEqual([]);
    expect(await auditOf(world.gateway.admin, id)).toMatchObject([
      { reason: 'upstream_unavailable', status: 502 },
    ]);
  };

  beforeAll(async () => {
    world = await startWorld({ withoutProvider: true });
  }, 60_000);
  beforeEach(() => {
    sockets = new Set();
    clientCertificates = [];
    world.jira.clear();
  });
  afterEach(() => {
    for (const socket of sockets) socket.destroy();
    secure.close();
  });
  afterAll(() => world?.stop());

  it('is refused when nobody vouches for its certificate', async () => {
    await set(false, null);
    await expectUnreachable('self-signed');
    expect(clientCertificates).toEqual([]);
  });

  it('is refused when its certificate is not from the authority that the admin gave', async () => {
    await set(false, { ca: ANOTHER_AUTHORITY });
    await expectUnreachable('other-authority');
  });

  it('is accepted with the authority that the admin gave, for reads, uploads and look-ups', async () => {
    await set(false, { ca: CERTIFICATE });
    expect((await ask('trusted')).status).toBe(200);
    const { token } = await issueToken(world.gateway.admin, 'alice');
    const body = 'x'.repeat(300_000);
    const answer = await fetch(`${world.gateway.url}/jira/rest/standin/1.0/echo`, {
      method: 'POST',
      headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'application/octet-stream' },
      body,
    });
    expect(answer.status).toBe(200);
    expect(world.jira.last()).toMatchObject({ user: 'alice', bodyLength: body.length });
    expect(clientCertificates.every((known) => !known)).toBe(true);
  });

  it('that wants a client certificate is refused without one and served with it', async () => {
    await set(true, { ca: CERTIFICATE });
    await expectUnreachable('no-client-certificate');
    secure.close();
    await set(true, { ca: CERTIFICATE, certificate: CERTIFICATE, privateKey: PRIVATE_KEY });
    expect((await ask('client-certificate')).status).toBe(200);
    expect(clientCertificates).toEqual([true]);
  });
});

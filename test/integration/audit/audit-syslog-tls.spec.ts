import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createServer } from 'node:tls';
import type { Server, TLSSocket } from 'node:tls';
import { CERTIFICATE, PRIVATE_KEY } from '../../contract/applications/certificates.js';

const ROOT = resolve(__dirname, '../../..');

/** What RFC 5425 section 4.3 says: MSG-LEN in octets, a space, that many octets, and the next one. */
function framesOf(bytes: Buffer): string[] {
  const frames: string[] = [];
  for (let at = 0; at < bytes.length;) {
    const space = bytes.indexOf(' ', at);
    const length = bytes.subarray(at, space).toString('latin1');
    expect(length).toMatch(/^[1-9]\d*$/);
    at = space + 1 + Number(length);
    frames.push(bytes.subarray(space + 1, at).toString('utf8'));
  }
  return frames;
}

describe('syslog over TLS', () => {
  let folder: string;
  let server: Server;
  let port: number;
  let connections: { socket: TLSSocket; bytes: Buffer }[];
  let child: ChildProcess | undefined;
  let output: string;

  async function listen(at = 0): Promise<void> {
    server = createServer({ cert: CERTIFICATE, key: PRIVATE_KEY }, (socket) => {
      const connection = { socket, bytes: Buffer.alloc(0) };
      connections.push(connection);
      socket.on('error', () => socket.destroy());
      socket.on('data', (chunk) => (connection.bytes = Buffer.concat([connection.bytes, chunk])));
    });
    server.on('tlsClientError', () => undefined);
    server.listen(at, '127.0.0.1');
    await once(server, 'listening');
    port = (server.address() as AddressInfo).port;
  }

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'restgate-syslog-'));
    connections = [];
    output = '';
    await listen();
  });

  afterEach(async () => {
    const ended = child && once(child, 'exit');
    child?.stdin?.end();
    await ended;
    child = undefined;
    await stopServer();
    rmSync(folder, { recursive: true, force: true });
  });

  async function stopServer(): Promise<void> {
    for (const { socket } of connections) socket.destroy();
    server.close();
    await once(server, 'close');
  }

  function start(host: string, trusted: boolean): void {
    const authority = join(folder, 'ca.pem');
    writeFileSync(authority, CERTIFICATE);
    const tsx = resolve(ROOT, 'node_modules/tsx/dist/cli.mjs');
    const script = resolve(ROOT, 'test/support/audit/syslog-child.ts');
    child = spawn(process.execPath, [tsx, script, host, String(port)], {
      cwd: ROOT,
      stdio: ['pipe', 'pipe', 'pipe'],
      env: { ...process.env, ...(trusted ? { NODE_EXTRA_CA_CERTS: authority } : {}) },
    });
    for (const stream of [child.stdout, child.stderr])
      stream?.on('data', (chunk: Buffer) => (output += chunk.toString()));
  }

  function send(...requestIds: string[]): void {
    child?.stdin?.write(requestIds.map((id) => `${id}\n`).join(''));
  }

  async function until(condition: () => boolean): Promise<void> {
    const end = Date.now() + 20_000;
    while (!condition() && Date.now() < end) await new Promise((done) => setTimeout(done, 10));
    expect([condition(), output]).toEqual([true, output]);
  }

  const received = (): string => connections.map(({ bytes }) => bytes.toString()).join('');

  it('frames each message by its length in octets, whatever characters it holds', async () => {
    start('127.0.0.1', true);
    send('first', 'grüße-€', 'third');
    await until(() => received().includes('third'));
    const frames = framesOf(connections[0]?.bytes ?? Buffer.alloc(0));
    expect(frames).toHaveLength(3);
    for (const frame of frames)
      expect(frame).toMatch(/^<134>1 \d{4}-\d\d-\d\dT\S+Z \S+ restgate \d+ request \[/);
    const events = frames.map((frame) => JSON.parse(frame.slice(frame.indexOf('\ufeff') + 1)) as object);
    expect(events).toMatchObject([{ requestId: 'first' }, { requestId: 'grüße-€' }, { requestId: 'third' }]);
    expect(connections).toHaveLength(1);
    expect(connections[0]?.socket.getProtocol()).toMatch(/^TLSv1\.[23]$/);
    // Also not of Node: an address is no server name (RFC 6066 section 3).
    expect(output).not.toContain('Warning');
  });

  it('connects again when the server went away and came back, and sends what waited', async () => {
    start('127.0.0.1', true);
    send('before');
    await until(() => received().includes('before'));
    await stopServer();
    // What is written before the end of the connection is noticed is lost: syslog over TCP has no acknowledgements.
    for (let n = 0; n < 400 && !output.includes('failed '); n++) {
      send(`probe-${n}`);
      await new Promise((done) => setTimeout(done, 50));
    }
    send('meanwhile-1', 'meanwhile-2');
    await listen(port);
    await until(() => received().includes('meanwhile-2'));
    const again = framesOf(connections[1]?.bytes ?? Buffer.alloc(0)).map(
      (frame) => /requestId="([^"]+)"/.exec(frame)?.[1],
    );
    expect(again.slice(-2)).toEqual(['meanwhile-1', 'meanwhile-2']);
    expect(again[0]).toMatch(/^probe-/);
  });

  it('tells nothing to a server whose certificate nobody vouches for', async () => {
    start('127.0.0.1', false);
    send('secret-1');
    await until(() => /failed (DEPTH_ZERO_SELF_SIGNED_CERT|SELF_SIGNED_CERT_IN_CHAIN)/.test(output));
    expect(received()).toBe('');
    expect(output).not.toContain('delivered');
  });

  it('tells nothing to a server whose certificate is for another name', async () => {
    start('127.0.0.2', true);
    await stopServer();
    server = createServer({ cert: CERTIFICATE, key: PRIVATE_KEY }, (socket) => {
      connections.push({ socket, bytes: Buffer.alloc(0) });
      socket.on('data', (chunk) => connections.push({ socket, bytes: chunk }));
      socket.on('error', () => socket.destroy());
    });
    server.listen(port, '127.0.0.2');
    await once(server, 'listening');
    send('secret-2');
    await until(() => output.includes('failed ERR_TLS_CERT_ALTNAME_INVALID'));
    expect(received()).toBe('');
  });
});

/**
 * Side by side in one run, interleaved, medians: Restgate with a provider token (validation cached, header
 * identity, audit on and audit off) against a bare Node forwarder on undici and, where nginx is installed, its proxy_pass.
 * `npm run bench -- --rounds 7 --seconds 4`
 */
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AdminClient } from '../test/support/admin-client.js';
import { clientSecret } from '../test/support/oidc/configuration.js';
import { startOidcProvider } from '../test/support/oidc/provider.js';
import { RestgateProcess } from '../test/support/restgate-process.js';
import { cpuSeconds, descendants, firstLine, median, pinned, residentMiB } from './processes.js';

const SERVER_CORE = 0;
const LOAD_CORE = 1;
const CONNECTIONS = 50;
const ADMIN_TOKEN = 'admin-token-of-the-bench';

interface Peer {
  readonly name: string;
  readonly port: number;
  readonly pid: number;
  readonly path: string;
  authorization: string;
  /** Waits until what the requests left to do is done: it belongs to their CPU time. */
  settle?(): Promise<void>;
  stop(): unknown;
}

interface Sample {
  readonly perSecond: number;
  readonly cpuPer10k: number;
  readonly p50: number;
  readonly p99: number;
  readonly rss: number;
}

function option(name: string, fallback: number): number {
  const at = process.argv.indexOf(`--${name}`);
  return at < 0 ? fallback : Number(process.argv[at + 1]);
}

async function startRestgate(upstream: number, dir: string, audit: boolean): Promise<Peer> {
  const provider = await startOidcProvider();
  const profile = process.env['BENCH_PROFILE_DIR'];
  const nodeArgs = profile === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${profile}`];
  const restgate = await RestgateProcess.start(
    { PORT: '0', DATA_DIR: join(dir, audit ? 'data' : 'data-no-audit'), ADMIN_TOKEN, LOG_LEVEL: 'warn' },
    process.cwd(),
    nodeArgs,
  );
  const pid = restgate.child.pid as number;
  spawnSync('taskset', ['-a', '-p', '-c', String(SERVER_CORE), String(pid)]);
  // The embedded database stands for one that runs elsewhere: it must not take turns with the gateway.
  for (const child of descendants(pid))
    spawnSync('taskset', ['-a', '-p', '-c', String(LOAD_CORE), String(child)]);
  const admin = new AdminClient(restgate.controlUrl, ADMIN_TOKEN);
  await admin.call('POST', '/applications', {
    key: 'jira',
    name: 'Jira',
    product: 'jira',
    baseUrl: `http://127.0.0.1:${upstream}`,
    identity: {
      mode: 'header',
      header: 'X-Restgate-User',
      sharedSecretHeader: 'X-Restgate-Secret',
      sharedSecret: 'bench-secret-1234567890',
    },
    directory: { kind: 'claims' },
  });
  const created = await admin.call<{ id: string }>('POST', '/providers', {
    name: 'Bench',
    preset: 'custom-oidc',
    issuer: provider.issuer,
    clientId: 'restgate',
    clientSecret: clientSecret('restgate'),
    validation: 'jwt',
    audience: [provider.resource],
    usernameAttribute: 'preferred_username',
    groupsAttribute: 'groups',
  });
  await admin.call('POST', `/providers/${created.id}/discover`);
  if (!audit) await switchAuditOff(admin);
  const token = await provider.fetchJwt('alice');
  const stop = async (): Promise<void> => {
    await restgate.stop();
    await provider.close();
  };
  return {
    name: audit ? 'Restgate' : 'Restgate, audit off',
    port: Number(new URL(restgate.url).port),
    pid,
    path: '/jira/rest/api/2/myself',
    authorization: `Bearer ${token}`,
    settle: () => auditSettled(admin),
    stop,
  };
}

/** Every event is in the database. */
async function auditSettled({ baseUrl }: AdminClient): Promise<void> {
  const headers = { Authorization: `Bearer ${ADMIN_TOKEN}` };
  for (;;) {
    const text = await (await fetch(`${baseUrl}/restgate/metrics`, { headers })).text();
    if (/^restgate_audit_queue_length 0$/m.test(text) && /^restgate_audit_spill_bytes 0$/m.test(text)) return;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

async function switchAuditOff(admin: AdminClient): Promise<void> {
  const settings = await admin.call<Record<string, unknown>>('GET', '/audit/settings');
  delete settings['lastRun'];
  await admin.call('PUT', '/audit/settings', { ...settings, enabled: false });
}

async function startBare(upstream: number): Promise<Peer> {
  const profile = process.env['BENCH_PROFILE_DIR'];
  const child = pinned(SERVER_CORE, process.execPath, [
    ...(profile === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${profile}/bare`]),
    'bench/peers/bare-forwarder.mjs',
    `http://127.0.0.1:${upstream}`,
  ]);
  const port = Number(await firstLine(child));
  return {
    name: 'bare Node + undici',
    port,
    pid: child.pid as number,
    path: '/rest/api/2/myself',
    authorization: '',
    stop: () => child.kill(),
  };
}

function startNginx(upstream: number, dir: string): Peer | undefined {
  if (spawnSync('nginx', ['-v']).status !== 0) return undefined;
  const port = upstream + 1 < 65_000 ? 18_081 : 18_082;
  const conf = join(dir, 'nginx.conf');
  writeFileSync(
    conf,
    `worker_processes 1; daemon off; master_process off; pid ${dir}/nginx.pid; error_log ${dir}/nginx.log;
events { worker_connections 1024; }
http { access_log off; client_body_temp_path ${dir}/b; proxy_temp_path ${dir}/p; fastcgi_temp_path ${dir}/f; uwsgi_temp_path ${dir}/u; scgi_temp_path ${dir}/s;
upstream app { server 127.0.0.1:${upstream}; keepalive 64; }
server { listen 127.0.0.1:${port}; keepalive_requests 1000000000; location / { proxy_pass http://app; proxy_http_version 1.1; proxy_set_header Connection ""; } } }`,
  );
  const child = pinned(SERVER_CORE, 'nginx', ['-c', conf]);
  return {
    name: 'nginx proxy_pass',
    port,
    pid: child.pid as number,
    path: '/rest/api/2/myself',
    authorization: '',
    stop: () => child.kill(),
  };
}

async function measure(peer: Peer, seconds: number): Promise<Sample> {
  const before = cpuSeconds(peer.pid);
  const args = [
    'bench/peers/load.mjs',
    String(peer.port),
    String(CONNECTIONS),
    String(seconds),
    peer.path,
    peer.authorization,
  ];
  const result = JSON.parse(await firstLine(pinned(LOAD_CORE, process.execPath, args))) as {
    requests: number;
    errors: number;
    elapsed: number;
    p50: number;
    p99: number;
  };
  if (result.errors > 0) throw new Error(`${peer.name}: ${result.errors} answers were not 200.`);
  await peer.settle?.();
  const cpu = cpuSeconds(peer.pid) - before;
  return {
    perSecond: result.requests / result.elapsed,
    cpuPer10k: (cpu / result.requests) * 10_000,
    p50: result.p50,
    p99: result.p99,
    rss: residentMiB(peer.pid),
  };
}

function report(peers: readonly Peer[], samples: ReadonlyMap<Peer, Sample[]>): void {
  const of = (peer: Peer, pick: (sample: Sample) => number): number =>
    median((samples.get(peer) ?? []).map(pick));
  const bare = peers.find((peer) => peer.name.startsWith('bare')) as Peer;
  const lines = [
    '| | requests/s | CPU s per 10 000 | p50 ms | p99 ms | RSS MiB | CPU ratio | p99 ratio |',
    '| --- | --- | --- | --- | --- | --- | --- | --- |',
  ];
  for (const peer of peers) {
    const cells = [
      of(peer, (s) => s.perSecond).toFixed(0),
      of(peer, (s) => s.cpuPer10k).toFixed(2),
      of(peer, (s) => s.p50).toFixed(1),
      of(peer, (s) => s.p99).toFixed(1),
      of(peer, (s) => s.rss).toFixed(0),
      ratio(samples, peer, bare, (s) => s.cpuPer10k),
      ratio(samples, peer, bare, (s) => s.p99),
    ];
    lines.push(`| ${peer.name} | ${cells.join(' | ')} |`);
  }
  process.stdout.write(`${lines.join('\n')}\n`);
}

/** Median of the ratios round by round: both sides of each were measured within seconds of each other. */
function ratio(
  samples: ReadonlyMap<Peer, Sample[]>,
  peer: Peer,
  bare: Peer,
  pick: (sample: Sample) => number,
): string {
  const ours = samples.get(peer) ?? [];
  const theirs = samples.get(bare) ?? [];
  return median(ours.map((sample, i) => pick(sample) / pick(theirs[i] as Sample))).toFixed(2);
}

async function main(): Promise<void> {
  const rounds = option('rounds', 5);
  const seconds = option('seconds', 3);
  const dir = mkdtempSync(join(tmpdir(), 'restgate-bench-'));
  chmodSync(dir, 0o755);
  const upstream = pinned(LOAD_CORE, process.execPath, ['bench/peers/upstream.mjs']);
  const upstreamPort = Number(await firstLine(upstream));
  const nginx = startNginx(upstreamPort, dir);
  const peers = [
    await startBare(upstreamPort),
    await startRestgate(upstreamPort, dir, true),
    await startRestgate(upstreamPort, dir, false),
    ...(nginx ? [nginx] : []),
  ];
  const samples = new Map<Peer, Sample[]>(peers.map((peer) => [peer, []]));
  try {
    // The same requests to each of them, token and all.
    const authorization = peers.find((peer) => peer.authorization !== '')?.authorization ?? '';
    for (const peer of peers) peer.authorization ||= authorization;
    for (const peer of peers) await measure(peer, 3);
    for (let round = 0; round < rounds; round++) {
      for (const peer of peers) samples.get(peer)?.push(await measure(peer, seconds));
    }
    report(peers, samples);
  } finally {
    for (const peer of peers) await peer.stop();
    upstream.kill();
    rmSync(dir, { recursive: true, force: true });
  }
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
  process.exitCode = 1;
});

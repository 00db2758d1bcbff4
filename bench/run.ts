/**
 * Side by side in one run, interleaved, medians: Restgate with a provider token (validation cached, header
 * identity, audit on and audit off) against a bare Node forwarder on undici and, where nginx is installed, its proxy_pass.
 * One process of Restgate is measured with the audit log on and off, and each process is started several times: what
 * the engine makes of the same code differs by some ten percent from process to process.
 * `npm run bench -- --starts 3 --rounds 5 --seconds 3`
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
/** The engine goes on compiling for that long, which is not what a request costs. */
const WARM_UP_SECONDS = 15;
/** Before each measurement: switching the audit log makes the engine compile some code anew. */
const RUN_UP_SECONDS = 2;
const SETTLE_MS = 1000;
const BARE = 'bare Node + undici';
const ADMIN_TOKEN = 'admin-token-of-the-bench';

interface Peer {
  readonly name: string;
  readonly port: number;
  readonly pid: number;
  readonly path: string;
  authorization: string;
  /** What has to be so before this peer is measured. */
  prepare?(): Promise<void>;
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

/** The same process twice: with the audit log on, and with it off. */
async function startRestgate(upstream: number, dir: string): Promise<Peer[]> {
  const provider = await startOidcProvider();
  const profile = process.env['BENCH_PROFILE_DIR'];
  const nodeArgs = profile === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${profile}`];
  const restgate = await RestgateProcess.start(
    { PORT: '0', DATA_DIR: dir, ADMIN_TOKEN, LOG_LEVEL: 'warn' },
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
  const token = await provider.fetchJwt('alice');
  const stop = async (): Promise<void> => {
    await restgate.stop();
    await provider.close();
  };
  const peer = (name: string, enabled: boolean): Peer => ({
    name,
    port: Number(new URL(restgate.url).port),
    pid,
    path: '/jira/rest/api/2/myself',
    authorization: `Bearer ${token}`,
    prepare: () => switchAudit(admin, enabled),
    settle: () => auditSettled(admin),
    stop,
  });
  return [peer('Restgate', true), peer('Restgate, audit off', false)];
}

/** Every event is in the database. Asking costs CPU, too, which is no request's: it waits before it asks. */
async function auditSettled({ baseUrl }: AdminClient): Promise<void> {
  const headers = { Authorization: `Bearer ${ADMIN_TOKEN}` };
  for (;;) {
    await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
    const text = await (await fetch(`${baseUrl}/restgate/metrics`, { headers })).text();
    if (/^restgate_audit_queue_length 0$/m.test(text) && /^restgate_audit_spill_bytes 0$/m.test(text)) return;
  }
}

async function switchAudit(admin: AdminClient, enabled: boolean): Promise<void> {
  const settings = await admin.call<Record<string, unknown>>('GET', '/audit/settings');
  delete settings['lastRun'];
  await admin.call('PUT', '/audit/settings', { ...settings, enabled });
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
    name: BARE,
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

interface Load {
  readonly requests: number;
  readonly errors: number;
  readonly elapsed: number;
  readonly p50: number;
  readonly p99: number;
}

async function load(peer: Peer, seconds: number): Promise<Load> {
  const args = [
    'bench/peers/load.mjs',
    String(peer.port),
    String(CONNECTIONS),
    String(seconds),
    peer.path,
    peer.authorization,
  ];
  const result = JSON.parse(await firstLine(pinned(LOAD_CORE, process.execPath, args))) as Load;
  if (result.errors > 0) throw new Error(`${peer.name}: ${result.errors} answers were not 200.`);
  await peer.settle?.();
  return result;
}

async function measure(peer: Peer, seconds: number): Promise<Sample> {
  await peer.prepare?.();
  await load(peer, RUN_UP_SECONDS);
  const before = cpuSeconds(peer.pid);
  const result = await load(peer, seconds);
  const cpu = cpuSeconds(peer.pid) - before;
  return {
    perSecond: result.requests / result.elapsed,
    cpuPer10k: (cpu / result.requests) * 10_000,
    p50: result.p50,
    p99: result.p99,
    rss: residentMiB(peer.pid),
  };
}

/** Samples by the name of the peer, in the order of their rounds. */
type Samples = Map<string, Sample[]>;

function report(samples: Samples): void {
  const bare = samples.get(BARE) as Sample[];
  const lines = [
    '| | requests/s | CPU s per 10 000 | p50 ms | p99 ms | RSS MiB | CPU ratio | p99 ratio |',
    '| --- | --- | --- | --- | --- | --- | --- | --- |',
  ];
  for (const [name, ours] of samples) {
    const of = (pick: (sample: Sample) => number): number => median(ours.map(pick));
    const cells = [
      of((s) => s.perSecond).toFixed(0),
      of((s) => s.cpuPer10k).toFixed(2),
      of((s) => s.p50).toFixed(1),
      of((s) => s.p99).toFixed(1),
      of((s) => s.rss).toFixed(0),
      ratio(ours, bare, (s) => s.cpuPer10k),
      ratio(ours, bare, (s) => s.p99),
    ];
    lines.push(`| ${name} | ${cells.join(' | ')} |`);
  }
  process.stdout.write(`${lines.join('\n')}\n`);
  const audit = ratio(
    samples.get('Restgate') ?? [],
    samples.get('Restgate, audit off') ?? [],
    (s) => s.cpuPer10k,
  );
  process.stdout.write(`\nCPU with the audit log on, to that with it off: ${audit}\n`);
}

/** Median of the ratios round by round, with the quartiles: both sides of each were measured within seconds of each other. */
function ratio(ours: readonly Sample[], theirs: readonly Sample[], pick: (sample: Sample) => number): string {
  const ratios = ours.map((sample, i) => pick(sample) / pick(theirs[i] as Sample)).sort((a, b) => a - b);
  const at = (share: number): string => (ratios[Math.floor((ratios.length - 1) * share)] ?? 0).toFixed(2);
  return `${at(0.5)} (${at(0.25)}-${at(0.75)})`;
}

/** Measures peers that were started for it, and ends them. */
async function run(upstream: number, dir: string, samples: Samples): Promise<void> {
  const nginx = startNginx(upstream, dir);
  const peers = [
    await startBare(upstream),
    ...(await startRestgate(upstream, join(dir, 'data'))),
    ...(nginx ? [nginx] : []),
  ];
  try {
    // The same requests to each of them, token and all.
    const authorization = peers.find((peer) => peer.authorization !== '')?.authorization ?? '';
    for (const peer of peers) peer.authorization ||= authorization;
    for (const peer of peers) await measure(peer, WARM_UP_SECONDS);
    for (let round = 0; round < option('rounds', 5); round++) {
      for (const peer of peers) {
        const sample = await measure(peer, option('seconds', 3));
        samples.set(peer.name, [...(samples.get(peer.name) ?? []), sample]);
      }
    }
  } finally {
    for (const stop of new Set(peers.map((peer) => peer.stop))) await stop();
  }
}

async function main(): Promise<void> {
  const upstream = pinned(LOAD_CORE, process.execPath, ['bench/peers/upstream.mjs']);
  const upstreamPort = Number(await firstLine(upstream));
  const samples: Samples = new Map();
  try {
    for (let start = 0; start < option('starts', 3); start++) {
      const dir = mkdtempSync(join(tmpdir(), 'restgate-bench-'));
      chmodSync(dir, 0o755);
      try {
        await run(upstreamPort, dir, samples);
      } finally {
        rmSync(dir, { recursive: true, force: true });
      }
    }
    report(samples);
  } finally {
    upstream.kill();
  }
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
  process.exitCode = 1;
});

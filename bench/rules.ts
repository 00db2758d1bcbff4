/**
 * What many rules cost: CPU of one gateway per request with 10 and with 5 000 rules for paths, and with 10 and with
 * 10 000 address ranges. One process, settings changed between measurements, interleaved, medians.
 * `npm run bench:rules -- --rounds 7 --seconds 4`
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AdminClient } from '../test/support/admin-client.js';
import { clientSecret } from '../test/support/oidc/configuration.js';
import { startOidcProvider } from '../test/support/oidc/provider.js';
import { RestgateProcess } from '../test/support/restgate-process.js';
import { cpuSeconds, firstLine, median, pinned } from './processes.js';

const SERVER_CORE = 0;
const LOAD_CORE = 1;
const CONNECTIONS = 50;
const WARM_UP_REQUESTS = 20_000;
const SETTLE_SECONDS = 0.5;
const ADMIN_TOKEN = 'admin-token-of-the-bench';
const PATH = '/jira/rest/api/2/myself';
const FEW = 10;
const MANY_RULES = 5_000;
const MANY_RANGES = 10_000;

interface Gateway {
  readonly admin: AdminClient;
  readonly port: number;
  readonly pid: number;
  readonly authorization: string;
  stop(): Promise<void>;
}

interface Load {
  readonly requests: number;
  readonly errors: number;
}

function option(name: string, fallback: number): number {
  const at = process.argv.indexOf(`--${name}`);
  return at < 0 ? fallback : Number(process.argv[at + 1]);
}

async function startGateway(upstream: number, dir: string): Promise<Gateway> {
  const provider = await startOidcProvider();
  const env = { PORT: '0', DATA_DIR: join(dir, 'data'), ADMIN_TOKEN, LOG_LEVEL: 'warn' };
  const restgate = await RestgateProcess.start(env);
  const pid = restgate.child.pid as number;
  spawnSync('taskset', ['-a', '-p', '-c', String(SERVER_CORE), String(pid)]);
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
  const { id } = await admin.call<{ id: string }>('POST', '/providers', {
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
  await admin.call('POST', `/providers/${id}/discover`);
  const token = await provider.fetchJwt('alice');
  const stop = async (): Promise<void> => {
    await restgate.stop();
    await provider.close();
  };
  return { admin, port: Number(new URL(restgate.url).port), pid, authorization: `Bearer ${token}`, stop };
}

/** Rules as admins write them: whole trees, one resource, a star inside; none of them is the measured path. */
function rules(count: number): { methods: string[]; path: string }[] {
  return Array.from({ length: count }, (_, i) => {
    const paths = [`/rest/api/2/plugin-${i}/**`, `/rest/plugin-${i}/1.0/*/status`, `/rest/api/*/thing-${i}`];
    return { methods: ['GET'], path: paths[i % paths.length] as string };
  });
}

/** Half of them IPv4, half IPv6; the last one is where the load comes from. */
function ranges(count: number): string[] {
  const others = Array.from({ length: count - 1 }, (_, i) =>
    i % 2 === 0 ? `10.${i >> 8}.${i & 255}.0/25` : `2001:db8:${i.toString(16)}::/48`,
  );
  return [...others, '127.0.0.1'];
}

const CASES: readonly (readonly [string, number, number])[] = [
  [`${FEW} rules, ${FEW} ranges`, FEW, FEW],
  [`${MANY_RULES} rules, ${FEW} ranges`, MANY_RULES, FEW],
  [`${FEW} rules, ${MANY_RANGES} ranges`, FEW, MANY_RANGES],
];

/** The bypass list is the one that every request is held against. */
async function configure({ admin }: Gateway, ruleCount: number, rangeCount: number): Promise<void> {
  await admin.call('PUT', '/public-api', { restricted: [], bypass: rules(ruleCount), additionalPublic: [] });
  await admin.call('PUT', '/restrictions/ip', { enabled: true, allowed: ranges(rangeCount) });
}

async function load({ port, authorization }: Gateway, seconds: number): Promise<Load> {
  const args = [
    'bench/peers/load.mjs',
    String(port),
    String(CONNECTIONS),
    String(seconds),
    PATH,
    authorization,
  ];
  const result = JSON.parse(await firstLine(pinned(LOAD_CORE, process.execPath, args))) as Load;
  if (result.errors > 0) throw new Error(`${result.errors} answers were not 200.`);
  return result;
}

async function microsecondsPerRequest(gateway: Gateway, seconds: number): Promise<number> {
  await load(gateway, SETTLE_SECONDS);
  const before = cpuSeconds(gateway.pid);
  const { requests } = await load(gateway, seconds);
  return ((cpuSeconds(gateway.pid) - before) / requests) * 1_000_000;
}

async function warmUp(gateway: Gateway): Promise<void> {
  for (let sent = 0; sent < WARM_UP_REQUESTS;) {
    for (const [, ruleCount, rangeCount] of CASES) {
      await configure(gateway, ruleCount, rangeCount);
      sent += (await load(gateway, 2)).requests;
    }
  }
}

function report(samples: readonly (readonly number[])[]): void {
  const few = samples[0] as readonly number[];
  const lines = ['| | CPU µs per request | more than with few |', '| --- | --- | --- |'];
  CASES.forEach(([name], i) => {
    const own = samples[i] as readonly number[];
    const ratio = median(own.map((sample, round) => sample / (few[round] as number)));
    lines.push(
      `| ${name} | ${median(own).toFixed(0)} | ${i === 0 ? '' : `${((ratio - 1) * 100).toFixed(1)} %`} |`,
    );
  });
  process.stdout.write(`${lines.join('\n')}\n`);
}

async function main(): Promise<void> {
  const rounds = option('rounds', 7);
  const seconds = option('seconds', 3);
  const dir = mkdtempSync(join(tmpdir(), 'restgate-bench-'));
  const upstream = pinned(LOAD_CORE, process.execPath, ['bench/peers/upstream.mjs']);
  const gateway = await startGateway(Number(await firstLine(upstream)), dir);
  const samples: number[][] = CASES.map(() => []);
  try {
    await warmUp(gateway);
    for (let round = 0; round < rounds; round++) {
      for (const [i, [, ruleCount, rangeCount]] of CASES.entries()) {
        await configure(gateway, ruleCount, rangeCount);
        samples[i]?.push(await microsecondsPerRequest(gateway, seconds));
      }
    }
    report(samples);
  } finally {
    await gateway.stop();
    upstream.kill();
    rmSync(dir, { recursive: true, force: true });
  }
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
  process.exitCode = 1;
});

import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { LevelWithSilent } from 'pino';
import type { Config } from './config.js';
import { generatedSecret } from './generated-secret.js';
import { EnvironmentReader } from './environment-reader.js';
import { readTracing } from './tracing-config.js';

const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const;
const LOG_FORMATS = ['json', 'pretty'] as const;
const MINIMUM_ADMIN_TOKEN_LENGTH = 20;

/** Everything that is wrong with the environment, one fault per line. The exit status is 78 (EX_CONFIG). */
export class ConfigurationError extends Error {
  override readonly name = 'ConfigurationError';

  constructor(readonly faults: readonly string[]) {
    super(
      `The configuration has ${faults.length === 1 ? 'a fault' : `${faults.length} faults`}:\n${faults.map((f) => `  - ${f}`).join('\n')}`,
    );
  }
}

export interface ReadOptions {
  readonly installDir: string;
  /** False for `--check`: nothing is written; missing generated secrets are made in memory only. */
  readonly writeGenerated: boolean;
}

/**
 * Reads and validates the environment. Generates `ENCRYPTION_KEY` and `ADMIN_TOKEN` into DATA_DIR (mode 0600)
 * when they are unset. Throws `ConfigurationError` that lists every fault.
 */
export function readConfig(options: ReadOptions, environment: NodeJS.ProcessEnv = process.env): Config {
  const env = new EnvironmentReader(environment);
  const host = env.text('HOST') ?? '127.0.0.1';
  const port = env.port('PORT') ?? 8080;
  const databaseUrl = env.url('DATABASE_URL', ['postgres:', 'postgresql:']);
  const plain = {
    installDir: options.installDir,
    version: versionOf(options.installDir),
    host,
    port,
    controlHost: env.text('CONTROL_HOST') ?? host,
    controlPort: env.port('CONTROL_PORT'),
    publicUrl: (env.url('PUBLIC_URL', ['http:', 'https:']) ?? `http://localhost:${port}`).replace(/\/+$/, ''),
    databaseUrl,
    dataDir: resolve(env.text('DATA_DIR') ?? './data'),
    redisUrl: env.url('REDIS_URL', ['redis:', 'rediss:']),
    configurationFile: env.file('RESTGATE_CONFIG'),
    bootstrapApplications: {
      jira: env.url('JIRA_URL', ['http:', 'https:']),
      confluence: env.url('CONFLUENCE_URL', ['http:', 'https:']),
      bitbucket: env.url('BITBUCKET_URL', ['http:', 'https:']),
    },
    logLevel: env.oneOf<LevelWithSilent>('LOG_LEVEL', LOG_LEVELS) ?? 'info',
    logFormat: env.oneOf('LOG_FORMAT', LOG_FORMATS) ?? (process.stdout.isTTY ? 'pretty' : 'json'),
    metricsPublic: env.flag('METRICS_PUBLIC') ?? false,
    providerAllowedHosts: env.list('PROVIDER_ALLOWED_HOSTS').map((name) => name.toLowerCase()),
    shutdownGraceSeconds: env.integer('SHUTDOWN_GRACE_SECONDS', 0, 600) ?? 30,
    tracing: readTracing(env),
  };
  checkPorts(env, plain);
  const encryptionKey = env.key('ENCRYPTION_KEY');
  const previousKeys = env.keys('ENCRYPTION_KEY_PREVIOUS');
  const adminToken = env.text('ADMIN_TOKEN');
  if (adminToken !== undefined && adminToken.length < MINIMUM_ADMIN_TOKEN_LENGTH) {
    env.fault(
      `ADMIN_TOKEN has ${adminToken.length} characters; at least ${MINIMUM_ADMIN_TOKEN_LENGTH} are needed.`,
    );
  }
  if (databaseUrl !== undefined && env.text('ENCRYPTION_KEY') === undefined) {
    env.fault('ENCRYPTION_KEY is required when DATABASE_URL is set. Make one with: openssl rand -base64 32');
  }
  if (env.faults.length > 0) throw new ConfigurationError(env.faults);
  return withSecrets(plain, { encryptionKey, previousKeys, adminToken }, options.writeGenerated);
}

function checkPorts(
  env: EnvironmentReader,
  config: Pick<Config, 'host' | 'port' | 'controlHost' | 'controlPort'>,
): void {
  const { host, port, controlHost, controlPort } = config;
  if (controlPort === undefined || controlPort === 0 || controlPort !== port || controlHost !== host) return;
  env.fault('CONTROL_PORT equals PORT. Leave it unset to serve both planes on one listener.');
}

function withSecrets(
  plain: Omit<Config, 'encryptionKeys' | 'encryptionKeyGenerated' | 'adminToken' | 'adminTokenGenerated'>,
  given: { encryptionKey: Buffer | undefined; previousKeys: Buffer[]; adminToken: string | undefined },
  write: boolean,
): Config {
  const stored =
    given.encryptionKey === undefined
      ? generatedSecret(plain.dataDir, 'encryption.key', 'base64', write)
      : undefined;
  const key = stored ? Buffer.from(stored.value, 'base64') : (given.encryptionKey as Buffer);
  const admin =
    given.adminToken === undefined
      ? generatedSecret(plain.dataDir, 'admin.token', 'base64url', write)
      : { value: given.adminToken, generated: false };
  return Object.freeze({
    ...plain,
    encryptionKeys: Object.freeze([key, ...given.previousKeys]),
    encryptionKeyGenerated: stored?.generated ?? false,
    adminToken: admin.value,
    adminTokenGenerated: admin.generated,
  });
}

function versionOf(installDir: string): string {
  const manifest = JSON.parse(readFileSync(resolve(installDir, 'package.json'), 'utf8')) as {
    version: string;
  };
  return manifest.version;
}

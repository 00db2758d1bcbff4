import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { EnvironmentReader } from './environment-reader.js';
import { ConfigurationError } from './read-config.js';

/** Where a running gateway's admin API is, and what opens it. */
export interface ClientConfig {
  /** Without trailing slash. */
  readonly url: string;
  readonly adminToken: string;
}

/**
 * What commands that talk to a running gateway need: `RESTGATE_URL` (or `PUBLIC_URL`, or the local default) and
 * `ADMIN_TOKEN` (or the generated one in DATA_DIR). Throws `ConfigurationError` that lists every fault.
 */
export function readClientConfig(environment: NodeJS.ProcessEnv = process.env): ClientConfig {
  const env = new EnvironmentReader(environment);
  const protocols = ['http:', 'https:'];
  const given = env.url('RESTGATE_URL', protocols) ?? env.url('PUBLIC_URL', protocols);
  const url = given ?? `http://localhost:${env.port('PORT') ?? 8080}`;
  const dataDir = resolve(env.text('DATA_DIR') ?? './data');
  const adminToken = env.text('ADMIN_TOKEN') ?? textOf(join(dataDir, 'admin.token'));
  if (adminToken === undefined) {
    env.fault(
      'ADMIN_TOKEN is not set, and DATA_DIR holds no generated one. An API token of scope admin will do.',
    );
  }
  if (env.faults.length > 0 || adminToken === undefined) throw new ConfigurationError(env.faults);
  return { url: url.replace(/\/+$/, ''), adminToken };
}

function textOf(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

import { execFile, execFileSync } from 'node:child_process';
import { AtlassianStandIn } from './atlassian/server.js';
import type { StandInProduct } from './atlassian/types.js';
import { issueToken } from './dataplane.js';
import { startTestRestgate } from './restgate.js';
import type { TestRestgate } from './restgate.js';

export type IdentityMode = 'oauth1' | 'header' | 'pat';
export const IDENTITY_MODES: readonly IdentityMode[] = ['oauth1', 'header', 'pat'];

const CONSUMER_KEY = 'restgate';
const HEADER = {
  header: 'X-Restgate-User',
  sharedSecretHeader: 'X-Restgate-Secret',
  sharedSecret: 'shared-secret-for-tests-only',
};

export interface ClientWorldOptions {
  readonly identity: IdentityMode;
  readonly product?: StandInProduct;
  readonly gitRoot?: string;
  /** More members of the application, as the admin API takes them. */
  readonly settings?: Record<string, unknown>;
}

/** One product behind a gateway whose address is the product's base URL, for clients from outside this process. */
export interface ClientWorld {
  readonly gateway: TestRestgate;
  readonly standIn: AtlassianStandIn;
  /** The application's address on the gateway. */
  readonly url: string;
  /** An API token of the user; with identity mode `pat` the user has stored her own token before. */
  tokenFor(user: string, more?: Record<string, unknown>): Promise<string>;
  stop(): Promise<void>;
}

export async function startClientWorld(options: ClientWorldOptions): Promise<ClientWorld> {
  const product = options.product ?? 'jira';
  const { identity } = options;
  const gateway = await startTestRestgate();
  const url = `${gateway.url}/${product}`;
  const standIn = new AtlassianStandIn({
    product,
    contextPath: `/${product}`,
    baseUrl: url,
    gitRoot: options.gitRoot,
    trustedHeader:
      identity === 'header'
        ? {
            name: HEADER.header,
            sharedSecretHeader: HEADER.sharedSecretHeader,
            sharedSecret: HEADER.sharedSecret,
          }
        : undefined,
  });
  await standIn.start();
  await connect(gateway, standIn, product, options);
  const tokenFor = async (user: string, more: Record<string, unknown> = {}): Promise<string> => {
    if (identity === 'pat')
      await storePersonalAccessToken(gateway, product, user, standIn.issuePat(user).token);
    return (await issueToken(gateway.admin, user, more)).token;
  };
  const stop = async (): Promise<void> => {
    await gateway.stop();
    await standIn.close();
  };
  return { gateway, standIn, url, tokenFor, stop };
}

async function connect(
  gateway: TestRestgate,
  standIn: AtlassianStandIn,
  product: StandInProduct,
  options: ClientWorldOptions,
): Promise<void> {
  const identities = {
    oauth1: { mode: 'oauth1', consumerKey: CONSUMER_KEY },
    header: { mode: 'header', ...HEADER },
    pat: { mode: 'pat' },
  };
  const view = await gateway.admin.call<{ identity: { publicKey?: string } }>('POST', '/applications', {
    key: product,
    name: product,
    product,
    baseUrl: standIn.url,
    identity: identities[options.identity],
    directory: { kind: 'application', username: 'svc-restgate', password: 'svc-restgate-password' },
    ...options.settings,
  });
  if (options.identity !== 'oauth1') return;
  standIn.setConsumer({
    key: CONSUMER_KEY,
    publicKeyPem: view.identity.publicKey as string,
    twoLOAllowed: true,
    impersonationAllowed: true,
  });
}

/** What a user does once for an application with identity mode `pat`, with an API token of her own. */
export async function storePersonalAccessToken(
  gateway: TestRestgate,
  application: string,
  user: string,
  personalAccessToken: string,
): Promise<Response> {
  const { token } = await issueToken(gateway.admin, user);
  const answer = await fetch(`${gateway.url}/restgate/api/v1/me/credentials/${application}`, {
    method: 'PUT',
    headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' },
    body: JSON.stringify({ personalAccessToken }),
  });
  if (!answer.ok && answer.status !== 400)
    throw new Error(`Storing the token answered ${answer.status}: ${await answer.text()}`);
  return answer;
}

/** True when the command can be run here; `arguments_` only make it say something. */
export function isInstalled(command: string, arguments_: readonly string[]): boolean {
  try {
    execFileSync(command, arguments_, { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

export interface Finished {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a client to its end without blocking the gateway in this process. Never throws for an exit code. */
export function runClient(
  command: string,
  arguments_: readonly string[],
  options: { cwd?: string; env?: Record<string, string> } = {},
): Promise<Finished> {
  return new Promise((resolve) => {
    const env = { PATH: process.env['PATH'] ?? '', ...options.env };
    execFile(
      command,
      arguments_,
      { cwd: options.cwd, env, timeout: 60_000, maxBuffer: 64 * 1024 * 1024 },
      (error, stdout, stderr) => {
        const code = error === null ? 0 : typeof error.code === 'number' ? error.code : 1;
        resolve({ code, stdout, stderr });
      },
    );
  });
}

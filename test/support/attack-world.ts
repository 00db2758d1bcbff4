import { AtlassianStandIn } from './atlassian/server.js';
import type { RequestRecord } from './atlassian/types.js';
import { startOidcProvider } from './oidc/provider.js';
import type { OidcTestProvider } from './oidc/provider.js';
import { rawRequest } from './raw-http.js';
import type { RawResult } from './raw-http.js';
import { startTestRestgate } from './restgate.js';
import type { TestRestgate } from './restgate.js';
import { connectProvider } from './world.js';

/** One hostile request, and what must come of it. */
export interface AttackCase {
  readonly id: string;
  readonly what: string;
  /** `$ALICE` and `$RITA_READONLY` stand for their access tokens. */
  readonly raw: string;
  readonly status: readonly number[];
  readonly forwarded: boolean;
  /** More about what the application received, when it did. */
  readonly upstream?: (request: RequestRecord) => void;
}

/** Jira behind the host name gw.test, with something public, something bypassed and a read-only group. */
export class AttackWorld {
  private constructor(
    readonly gateway: TestRestgate,
    readonly jira: AtlassianStandIn,
    readonly provider: OidcTestProvider,
    private readonly tokens: Readonly<Record<string, string>>,
  ) {}

  static async start(): Promise<AttackWorld> {
    const jira = new AtlassianStandIn({
      product: 'jira',
      trustedHeader: {
        name: 'X-Gw-User',
        sharedSecretHeader: 'X-Gw-Secret',
        sharedSecret: 'secret-of-the-attack-tests',
      },
    });
    await jira.start();
    const [gateway, provider] = await Promise.all([startTestRestgate(), startOidcProvider()]);
    const { admin } = gateway;
    await admin.call('POST', '/applications', {
      key: 'jira',
      name: 'Jira',
      product: 'jira',
      baseUrl: jira.url,
      hostname: 'gw.test',
      pathPrefix: '',
      identity: {
        mode: 'header',
        header: 'X-Gw-User',
        sharedSecretHeader: 'X-Gw-Secret',
        sharedSecret: 'secret-of-the-attack-tests',
      },
      directory: { kind: 'application', username: 'svc-restgate', password: 'svc-restgate-password' },
    });
    await connectProvider(gateway, provider, 'jwt');
    await admin.call('PUT', '/public-api', {
      restricted: [],
      bypass: [{ methods: ['GET'], path: '/status' }],
      additionalPublic: [{ methods: ['GET'], path: '/public/**' }],
    });
    await admin.call('PUT', '/restrictions/groups', {
      apiAccess: { enabled: false, groups: [] },
      readOnly: { enabled: true, groups: ['readers'] },
      tokenCreation: { enabled: false, groups: [] },
      mode: 'enforce',
    });
    const tokens = {
      $ALICE: await provider.fetchJwt('alice'),
      $RITA_READONLY: await provider.fetchJwt('rita'),
    };
    return new AttackWorld(gateway, jira, provider, tokens);
  }

  async send(raw: string, timeoutMs = 3000): Promise<RawResult> {
    let bytes = raw;
    for (const [name, token] of Object.entries(this.tokens)) bytes = bytes.replaceAll(name, token);
    return rawRequest({ port: this.gateway.port }, Buffer.from(bytes, 'latin1'), { timeoutMs });
  }

  /** Sends the case and checks its outcome; only what a caller's request caused upstream counts. */
  async expectOutcome(attack: AttackCase): Promise<void> {
    this.jira.clear();
    const answer = await this.send(attack.raw);
    const seen = this.jira.requests.filter((request) => request.authenticatedBy !== 'basic');
    expect({ status: answer.status, forwarded: seen.length > 0 }).toEqual({
      status: attack.status.includes(answer.status) ? answer.status : attack.status,
      forwarded: attack.forwarded,
    });
    expect(seen.length).toBeLessThanOrEqual(1);
    if (attack.upstream) attack.upstream(seen[0] as RequestRecord);
  }

  async stop(): Promise<void> {
    await this.gateway.stop();
    await Promise.all([this.jira.close(), this.provider.close()]);
  }
}

const CRLF = '\r\n';

/** A request with `Host: gw.test` and these fields. */
export function get(target: string, ...fields: string[]): string {
  return [`GET ${target} HTTP/1.1`, 'Host: gw.test', ...fields, '', ''].join(CRLF);
}

export function post(target: string, fields: readonly string[], body: string): string {
  return [`POST ${target} HTTP/1.1`, 'Host: gw.test', ...fields, '', body].join(CRLF);
}

export const ALICE = 'Authorization: Bearer $ALICE';
export const RITA = 'Authorization: Bearer $RITA_READONLY';

import type { AtlassianStandIn } from './atlassian/server.js';
import type { RequestRecord } from './atlassian/types.js';
import type { AdminClient } from './admin-client.js';

/** An audit event as the admin API shows it; the members that tests look at. */
export interface SeenEvent {
  readonly requestId: string;
  readonly decision: string;
  readonly reason: string | null;
  readonly detail: string | null;
  readonly application: string | null;
  readonly path: string | null;
  readonly query: string | null;
  readonly status: number | null;
  readonly user: string | null;
  readonly credential: {
    readonly kind: string;
    readonly id: string | null;
    readonly name: string | null;
  } | null;
  readonly clientIp: string | null;
  readonly durationMs: number | null;
  readonly requestBytes: number | null;
  readonly responseBytes: number | null;
  readonly configVersion: number | null;
}

const AUDIT_WAIT_MS = 10_000;
/** Longer than the lines of one batch to the database are gathered, so that a second event would have come too. */
const SECOND_EVENT_WAIT_MS = 900;

/** Waits until `ready` answers something; throws after ten seconds. */
export async function eventually<T>(
  what: string,
  ready: () => T | undefined | false | Promise<T | undefined | false>,
): Promise<T> {
  const deadline = Date.now() + AUDIT_WAIT_MS;
  for (;;) {
    const value = await ready();
    if (value !== undefined && value !== false) return value;
    if (Date.now() > deadline) throw new Error(`Not in time: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}

/** Every audit event of one request, read over the admin API. */
export async function auditOf(admin: AdminClient, requestId: string): Promise<SeenEvent[]> {
  const read = async (): Promise<SeenEvent[]> => {
    const page = await admin.call<{ items: SeenEvent[] }>(
      'GET',
      `/audit/events?requestId=${encodeURIComponent(requestId)}`,
    );
    return page.items;
  };
  await eventually(`an audit event of ${requestId}`, async () => (await read()).length > 0);
  await new Promise((resolve) => setTimeout(resolve, SECOND_EVENT_WAIT_MS));
  return read();
}

/** What the caller's requests caused upstream, without Restgate's own directory look-ups. */
export function callsOf(standIn: AtlassianStandIn): RequestRecord[] {
  return standIn.requests.filter((each) => each.user !== 'svc-restgate');
}

export function basic(user: string, password: string): string {
  return `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
}

/** An API token that the admin makes for a user. */
export async function issueToken(
  admin: AdminClient,
  username: string,
  more: Record<string, unknown> = {},
): Promise<{ id: string; token: string }> {
  return admin.call('POST', '/tokens', {
    username,
    name: `token of ${username}`,
    scope: 'write',
    expiresInDays: 1,
    ...more,
  });
}

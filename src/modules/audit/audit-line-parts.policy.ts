import { ownText } from '../../lib/own-text.js';
import { shortName } from './audit-columns.policy.js';
import type { ColumnName } from './audit-columns.policy.js';
import type { AuditEvent } from './audit.port.js';
import { ROW_LIMITS as LIMITS, storedAddress, storedWhole } from './audit-row.policy.js';
import { cleanText, redactQuery } from './redaction.policy.js';

/** Neighbouring fields of a row as they stand in its JSON text, each after a comma. */
type Part = Uint8Array;

/** A part with the fields it was made of; `next` has the same most telling field, but other ones beside it. */
interface Known<T> {
  readonly from: T;
  readonly part: Part;
  readonly next: Known<T> | undefined;
}

/**
 * Parts that come again and again, by their most telling field. A text that had to be changed, perhaps because it held
 * a secret, does not stay in memory, nor does what a text was cut out of.
 */
const places = new Map<string, Known<Place>>();
const principals = new Map<string, Known<Who>>();
const addresses = new Map<string, Known<Addresses>>();
const agents = new Map<string, Part>();
const queries = new Map<string, Part>();
const decisions = new Map<string, Part>();

const DECISION = shortName('decision');
const STATUS = shortName('status');

const MOST_REMEMBERED = 5000;
const MOST_NEXT = 8;
const LONGEST_REMEMBERED = 1000;

function remember<T>(known: Map<string, T>, key: string, made: T): void {
  if (key.length > LONGEST_REMEMBERED) return;
  if (known.size >= MOST_REMEMBERED) known.clear();
  known.set(ownText(key), made);
}

/** The same path comes with a few methods, the same client by a few proxies. */
function rememberBeside<T extends object>(
  known: Map<string, Known<T>>,
  key: string,
  from: T,
  part: Part,
): void {
  const first = known.get(key);
  let count = 0;
  for (let next = first; next; next = next.next) count += 1;
  remember(known, key, { from: ownTexts(from), part, next: count < MOST_NEXT ? first : undefined });
}

function ownTexts<T extends object>(fields: T): T {
  const own = Object.entries(fields).map(([name, value]: [string, unknown]) => [
    name,
    typeof value === 'string' ? ownText(value) : value,
  ]);
  return Object.fromEntries(own) as T;
}

type Place = Pick<AuditEvent, 'application' | 'method' | 'path'>;

export function placePart(event: AuditEvent): Part {
  let known = places.get(event.path ?? '');
  while (known && !isSamePlace(known.from, event)) known = known.next;
  return known?.part ?? makePlace(event);
}

function makePlace({ application, method, path }: AuditEvent): Part {
  const stored = {
    application: clean(application, LIMITS.short),
    method: clean(method, LIMITS.short),
    path: clean(path, LIMITS.path),
  };
  const part = partOf(stored);
  if (isSamePlace({ application, method, path }, stored)) rememberBeside(places, path ?? '', stored, part);
  return part;
}

function isSamePlace(a: Place, b: Place): boolean {
  return a.path === b.path && a.application === b.application && a.method === b.method;
}

type Who = Pick<
  AuditEvent,
  'user' | 'credentialKind' | 'credentialId' | 'credentialName' | 'credentialProvider'
>;

export function principalPart(event: AuditEvent): Part {
  let known = principals.get(event.credentialId ?? event.user ?? '');
  while (known && !isSamePrincipal(known.from, event)) known = known.next;
  return known?.part ?? makePrincipal(event);
}

function makePrincipal(event: AuditEvent): Part {
  const stored = {
    user: clean(event.user, LIMITS.name),
    credentialKind: event.credentialKind,
    credentialId: clean(event.credentialId, LIMITS.short),
    credentialName: clean(event.credentialName, LIMITS.name),
    credentialProvider: clean(event.credentialProvider, LIMITS.short),
  };
  const part = partOf({
    username: stored.user,
    credential_kind: stored.credentialKind,
    credential_id: stored.credentialId,
    credential_name: stored.credentialName,
    credential_provider: stored.credentialProvider,
  });
  const key = event.credentialId ?? event.user ?? '';
  if (isSamePrincipal(stored, event)) rememberBeside(principals, key, stored, part);
  return part;
}

function isSamePrincipal(a: Who, b: Who): boolean {
  return (
    a.credentialId === b.credentialId &&
    a.user === b.user &&
    a.credentialKind === b.credentialKind &&
    a.credentialName === b.credentialName &&
    a.credentialProvider === b.credentialProvider
  );
}

type Addresses = Pick<AuditEvent, 'clientIp' | 'peerIp'>;

export function addressPart(event: AuditEvent): Part {
  let known = addresses.get(event.clientIp ?? '');
  while (known && !isSameAddresses(known.from, event)) known = known.next;
  return known?.part ?? makeAddresses(event);
}

function makeAddresses(event: AuditEvent): Part {
  const stored = { clientIp: storedAddress(event.clientIp), peerIp: storedAddress(event.peerIp) };
  const part = partOf({ client_ip: stored.clientIp, peer_ip: stored.peerIp });
  if (isSameAddresses(stored, event)) rememberBeside(addresses, event.clientIp ?? '', stored, part);
  return part;
}

function isSameAddresses(a: Addresses, b: Addresses): boolean {
  return a.clientIp === b.clientIp && a.peerIp === b.peerIp;
}

export function agentPart(userAgent: string): Part {
  const known = agents.get(userAgent);
  if (known) return known;
  const stored = cleanText(userAgent, LIMITS.userAgent);
  const part = partOf({ user_agent: stored });
  if (stored === userAgent) remember(agents, userAgent, part);
  return part;
}

/** `query` is as it was sent, with the question mark or without. */
export function queryPart(query: string): Part {
  const known = queries.get(query);
  if (known) return known;
  const stored = redactQuery(query, LIMITS.query);
  const part = partOf({ query: stored });
  if (stored === query || `?${stored}` === query) remember(queries, query, part);
  return part;
}

/** There are few decisions. Begins with the quotation mark that ends the field before. */
export function decisionPart(decision: AuditEvent['decision']): Part {
  let part = decisions.get(decision);
  if (!part) {
    part = bytesOf(`","${DECISION}":"${decision}"`);
    decisions.set(decision, part);
  }
  return part;
}

const MOST_STATUS = 599;
const statuses: (Part | undefined)[] = Array.from({ length: MOST_STATUS + 1 });

export function statusPart(status: number): Part {
  const known = statuses[status];
  if (known) return known;
  const stored = storedWhole(status);
  const part = bytesOf(stored === undefined ? '' : `,"${STATUS}":${stored + 0}`);
  if (status >= 0 && status <= MOST_STATUS && status === stored) statuses[status] = part;
  return part;
}

function clean(value: string | undefined, limit: number): string | undefined {
  return value === undefined ? undefined : cleanText(value, limit);
}

const BEFORE_FIELDS = '{"":0'.length;

/** Fields that are absent are left out. */
function partOf(fields: { readonly [column in ColumnName]?: string | undefined }): Part {
  const stored: Record<string, unknown> = { '': 0 };
  for (const [name, value] of Object.entries(fields)) stored[shortName(name as ColumnName)] = value;
  return bytesOf(JSON.stringify(stored).slice(BEFORE_FIELDS, -1));
}

export function bytesOf(text: string): Uint8Array {
  return Buffer.from(text, 'utf8');
}

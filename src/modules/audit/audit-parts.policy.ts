import { ownText } from '../../lib/own-text.js';
import type { ColumnName, PartName } from './audit-columns.policy.js';
import { fieldsOf } from './audit-group.policy.js';
import type { AuditEvent } from './audit.port.js';
import { ROW_LIMITS as LIMITS, storedAddress, storedWhole } from './audit-row.policy.js';
import { cleanText, redactQuery } from './redaction.policy.js';

/** A part of events as it stands in a group. */
export interface Part {
  readonly text: string;
  /** The last group that it was put into, and its number there. */
  group: number;
  number: number;
}

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
const outcomes = new Map<number, Known<Outcome>>();
const queries = new Map<string, Uint8Array>();

const MOST_REMEMBERED = 5000;
const MOST_NEXT = 8;
const LONGEST_REMEMBERED = 1000;

function remember<K extends string | number, T>(known: Map<K, T>, key: K, made: T): void {
  if (typeof key === 'string' && key.length > LONGEST_REMEMBERED) return;
  if (known.size >= MOST_REMEMBERED) known.clear();
  known.set(own(key), made);
}

function own<T>(value: T): T {
  return (typeof value === 'string' ? ownText(value) : value) as T;
}

/** The same path comes with a few methods, the same client by a few proxies. */
function rememberBeside<K extends string | number, T extends object>(
  known: Map<K, Known<T>>,
  key: K,
  from: T,
  part: Part,
): void {
  const first = known.get(key);
  let count = 0;
  for (let next = first; next; next = next.next) count += 1;
  remember(known, key, { from: ownTexts(from), part, next: count < MOST_NEXT ? first : undefined });
}

function ownTexts<T extends object>(fields: T): T {
  return Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, own(value)])) as T;
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
  const part = partOf('place', stored);
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

export function whoPart(event: AuditEvent): Part {
  let known = principals.get(event.credentialId ?? event.user ?? '');
  while (known && !isSamePrincipal(known.from, event)) known = known.next;
  return known?.part ?? makeWho(event);
}

function makeWho(event: AuditEvent): Part {
  const stored = {
    user: clean(event.user, LIMITS.name),
    credentialKind: event.credentialKind,
    credentialId: clean(event.credentialId, LIMITS.short),
    credentialName: clean(event.credentialName, LIMITS.name),
    credentialProvider: clean(event.credentialProvider, LIMITS.short),
  };
  const part = partOf('who', {
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
  const part = partOf('addresses', { client_ip: stored.clientIp, peer_ip: stored.peerIp });
  if (isSameAddresses(stored, event)) rememberBeside(addresses, event.clientIp ?? '', stored, part);
  return part;
}

function isSameAddresses(a: Addresses, b: Addresses): boolean {
  return a.clientIp === b.clientIp && a.peerIp === b.peerIp;
}

const NO_AGENT = partOf('agent', {});

export function agentPart(userAgent: string | undefined): Part {
  if (userAgent === undefined) return NO_AGENT;
  const known = agents.get(userAgent);
  if (known) return known;
  const stored = cleanText(userAgent, LIMITS.userAgent);
  const part = partOf('agent', { user_agent: stored });
  if (stored === userAgent) remember(agents, userAgent, part);
  return part;
}

type Outcome = Pick<AuditEvent, 'decision' | 'reason' | 'status' | 'configVersion'>;

/** There are few of them. */
export function outcomePart(event: AuditEvent): Part {
  let known = outcomes.get(event.status ?? 0);
  while (known && !isSameOutcome(known.from, event)) known = known.next;
  return known?.part ?? makeOutcome(event);
}

function makeOutcome({ decision, reason, status, configVersion }: AuditEvent): Part {
  const stored = {
    decision,
    reason,
    status: storedWhole(status),
    configVersion: storedWhole(configVersion),
  };
  const part = partOf('outcome', {
    decision,
    reason,
    status: stored.status,
    config_version: stored.configVersion,
  });
  if (isSameOutcome({ decision, reason, status, configVersion }, stored))
    rememberBeside(outcomes, status ?? 0, stored, part);
  return part;
}

function isSameOutcome(a: Outcome, b: Outcome): boolean {
  return (
    a.decision === b.decision &&
    a.status === b.status &&
    a.reason === b.reason &&
    a.configVersion === b.configVersion
  );
}

/** The extra of an event that has no other. `query` is as it was sent, with the question mark or without. */
export function queryExtra(query: string): Uint8Array {
  const known = queries.get(query);
  if (known) return known;
  const stored = redactQuery(query, LIMITS.query);
  const part = Buffer.from(`,${JSON.stringify(fieldsOf({ query: stored }, 'extra'))}]`);
  if (stored === query || `?${stored}` === query) remember(queries, query, part);
  return part;
}

function clean(value: string | undefined, limit: number): string | undefined {
  return value === undefined ? undefined : cleanText(value, limit);
}

function partOf(name: PartName, fields: { readonly [column in ColumnName]?: unknown }): Part {
  return { text: JSON.stringify(fieldsOf(fields, name)), group: -1, number: -1 };
}

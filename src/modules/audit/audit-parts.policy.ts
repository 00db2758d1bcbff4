import type { ColumnName, PartName } from './audit-columns.policy.js';
import { fieldsOf } from './audit-group.policy.js';
import { PartMemory } from './audit-part-memory.js';
import type { Part } from './audit-part-memory.js';
import type { AuditEvent } from './audit.port.js';
import { ROW_LIMITS as LIMITS, storedAddress, storedWhole } from './audit-row.policy.js';
import { cleanText } from './redaction.policy.js';

type Place = Pick<AuditEvent, 'application' | 'method' | 'path'>;

const samePlace = (a: Place, b: Place): boolean =>
  a.path === b.path && a.application === b.application && a.method === b.method;
const places = new PartMemory<Place>(samePlace);

export function placePart(event: AuditEvent): Part {
  const { last } = places;
  if (last !== undefined && samePlace(last.from, event)) return last.part;
  return places.find(event.path ?? '', event) ?? makePlace(event);
}

function makePlace({ application, method, path }: AuditEvent): Part {
  const stored = {
    application: clean(application, LIMITS.short),
    method: clean(method, LIMITS.short),
    path: clean(path, LIMITS.path),
  };
  const part = partOf('place', stored);
  places.keep(path ?? '', { sent: { application, method, path }, stored }, part);
  return part;
}

type Who = Pick<
  AuditEvent,
  'user' | 'credentialKind' | 'credentialId' | 'credentialName' | 'credentialProvider'
>;

const sameWho = (a: Who, b: Who): boolean =>
  a.credentialId === b.credentialId &&
  a.user === b.user &&
  a.credentialKind === b.credentialKind &&
  a.credentialName === b.credentialName &&
  a.credentialProvider === b.credentialProvider;
const principals = new PartMemory<Who>(sameWho);

export function whoPart(event: AuditEvent): Part {
  const { last } = principals;
  if (last !== undefined && sameWho(last.from, event)) return last.part;
  return principals.find(event.credentialId ?? event.user ?? '', event) ?? makeWho(event);
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
  principals.keep(event.credentialId ?? event.user ?? '', { sent: event, stored }, part);
  return part;
}

type Addresses = Pick<AuditEvent, 'clientIp' | 'peerIp'>;

const sameAddresses = (a: Addresses, b: Addresses): boolean =>
  a.clientIp === b.clientIp && a.peerIp === b.peerIp;
const addresses = new PartMemory<Addresses>(sameAddresses);

export function addressPart(event: AuditEvent): Part {
  const { last } = addresses;
  if (last !== undefined && sameAddresses(last.from, event)) return last.part;
  return addresses.find(event.clientIp ?? '', event) ?? makeAddresses(event);
}

function makeAddresses(event: AuditEvent): Part {
  const stored = { clientIp: storedAddress(event.clientIp), peerIp: storedAddress(event.peerIp) };
  const part = partOf('addresses', { client_ip: stored.clientIp, peer_ip: stored.peerIp });
  addresses.keep(event.clientIp ?? '', { sent: event, stored }, part);
  return part;
}

type Agent = Pick<AuditEvent, 'userAgent'>;

const sameAgent = (a: Agent, b: Agent): boolean => a.userAgent === b.userAgent;
const agents = new PartMemory<Agent>(sameAgent);

export function agentPart(event: AuditEvent): Part {
  const { last } = agents;
  if (last !== undefined && sameAgent(last.from, event)) return last.part;
  return agents.find(event.userAgent ?? '', event) ?? makeAgent(event);
}

function makeAgent(event: AuditEvent): Part {
  const stored = { userAgent: clean(event.userAgent, LIMITS.userAgent) };
  const part = partOf('agent', { user_agent: stored.userAgent });
  agents.keep(event.userAgent ?? '', { sent: event, stored }, part);
  return part;
}

type Outcome = Pick<AuditEvent, 'decision' | 'reason' | 'status' | 'configVersion'>;

const sameOutcome = (a: Outcome, b: Outcome): boolean =>
  a.status === b.status &&
  a.decision === b.decision &&
  a.reason === b.reason &&
  a.configVersion === b.configVersion;
const outcomes = new PartMemory<Outcome>(sameOutcome);

export function outcomePart(event: AuditEvent): Part {
  const { last } = outcomes;
  if (last !== undefined && sameOutcome(last.from, event)) return last.part;
  return outcomes.find(event.status ?? 0, event) ?? makeOutcome(event);
}

function makeOutcome(event: AuditEvent): Part {
  const { decision, reason } = event;
  const stored = {
    decision,
    reason,
    status: storedWhole(event.status),
    configVersion: storedWhole(event.configVersion),
  };
  const part = partOf('outcome', {
    decision,
    reason,
    status: stored.status,
    config_version: stored.configVersion,
  });
  outcomes.keep(event.status ?? 0, { sent: event, stored }, part);
  return part;
}

function clean(value: string | undefined, limit: number): string | undefined {
  return value === undefined ? undefined : cleanText(value, limit);
}

function partOf(name: PartName, fields: { readonly [column in ColumnName]?: unknown }): Part {
  return { text: JSON.stringify(fieldsOf(fields, name)), group: -1, number: -1 };
}

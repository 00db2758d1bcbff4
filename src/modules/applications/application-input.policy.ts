import { isValidAntPattern } from '../../lib/ant-pattern.js';
import { ProblemError } from '../../platform/http/problem.js';
import type { Application, Product } from './applications.port.js';
import { DEFAULT_TIMEOUTS } from './application-settings.policy.js';
import type { ApplicationSettings } from './application-settings.policy.js';
import {
  baseUrlFault,
  hostnameFault,
  overlapFault,
  parseBaseUrl,
  pathPrefixFault,
} from './base-url.policy.js';
import { borrowedDirectoryFault, parseDirectory } from './directory-settings.policy.js';
import { parseIdentity } from './identity-settings.policy.js';
import type { Faults } from './setting-fields.policy.js';
import { parseTls } from './tls-settings.policy.js';

type Access = NonNullable<Application['anonymousAccess']>;

/** An application as an admin sends it; in a change, what is absent stays. Simple types were validated before. */
export interface ApplicationInput {
  readonly name?: string;
  readonly product?: Product;
  readonly baseUrl?: string;
  readonly pathPrefix?: string | null;
  readonly hostname?: string | null;
  readonly enabled?: boolean;
  readonly webTraffic?: Application['webTraffic'];
  readonly sessionCookies?: Application['sessionCookies'];
  readonly applicationLinks?: Application['applicationLinks'];
  readonly anonymousAccess?: Access | null;
  readonly identityCheck?: Application['identityCheck'];
  readonly timeouts?: Partial<Application['timeouts']>;
  readonly tls?: unknown;
  readonly identity?: unknown;
  readonly directory?: unknown;
  readonly openedEndpoints?: readonly string[];
}

const NULLABLE = new Set(['pathPrefix', 'hostname', 'anonymousAccess', 'tls']);

/**
 * The settings of a new application, or of `previous` with a change. Secrets that are absent stay. Throws a
 * `ProblemError` (400) that names every faulty field.
 */
export function settingsFrom(
  key: string,
  input: ApplicationInput,
  previous?: ApplicationSettings,
): ApplicationSettings {
  const faults: Faults = [];
  for (const [field, value] of Object.entries(input)) {
    if (value === null && !NULLABLE.has(field)) faults.push({ field, message: 'must not be null' });
  }
  const place = placeFrom(key, input, previous, faults);
  const anonymousAccess =
    input.anonymousAccess === undefined ? previous?.anonymousAccess : (input.anonymousAccess ?? undefined);
  const tls = parseTls(input.tls, previous?.tls, faults);
  const settings: ApplicationSettings = {
    key,
    name: input.name ?? previous?.name ?? key,
    product: input.product ?? previous?.product ?? 'jira',
    ...place,
    enabled: input.enabled ?? previous?.enabled ?? true,
    webTraffic: input.webTraffic ?? previous?.webTraffic ?? 'forward',
    sessionCookies: input.sessionCookies ?? previous?.sessionCookies ?? 'forward',
    applicationLinks: input.applicationLinks ?? previous?.applicationLinks ?? 'forward',
    ...(anonymousAccess !== undefined && { anonymousAccess }),
    identityCheck: input.identityCheck ?? previous?.identityCheck ?? 'strict',
    timeouts: { ...DEFAULT_TIMEOUTS, ...previous?.timeouts, ...withoutUndefined(input.timeouts ?? {}) },
    ...(tls !== undefined && { tls }),
    identity:
      input.identity === undefined
        ? (previous?.identity ?? { mode: 'none' })
        : parseIdentity(input.identity, previous?.identity, faults),
    directory:
      input.directory === undefined
        ? (previous?.directory ?? { kind: 'application' })
        : parseDirectory(input.directory, previous?.directory, faults),
    openedEndpoints: openedFrom(input, previous, faults),
    ...(previous?.keyPair && { keyPair: previous.keyPair }),
    ...(previous?.nextKeyPair && { nextKeyPair: previous.nextKeyPair }),
  };
  if (faults.length > 0) throw invalid(faults);
  return settings;
}

/** Refuses settings that do not go together with the other applications: `ProblemError`, 409 or 400. */
export function refuseConflicts(own: ApplicationSettings, others: readonly ApplicationSettings[]): void {
  const overlap = overlapFault(own, others);
  if (overlap !== undefined) {
    const field = own.hostname === undefined ? 'pathPrefix' : 'hostname';
    throw new ProblemError(409, 'conflict', `${field}: ${overlap}`, [{ field, message: overlap }]);
  }
  const all = [...others.filter((other) => other.key !== own.key), own];
  for (const each of all) {
    const fault = borrowedDirectoryFault(each, all);
    if (fault === undefined) continue;
    const whose = each.key === own.key ? '' : `the directory of application ${each.key} `;
    throw invalid([{ field: 'directory.application', message: `${whose}${fault}` }]);
  }
}

function placeFrom(
  key: string,
  input: ApplicationInput,
  previous: ApplicationSettings | undefined,
  faults: Faults,
): Pick<ApplicationSettings, 'baseUrl' | 'pathPrefix' | 'hostname'> {
  const baseUrl = input.baseUrl ?? previous?.baseUrl ?? '';
  const hostname =
    input.hostname === undefined ? previous?.hostname : (input.hostname?.toLowerCase() ?? undefined);
  const byDefault = hostname === undefined ? `/${key}` : '';
  const kept =
    previous === undefined || (previous.pathPrefix === '' && hostname === undefined)
      ? byDefault
      : previous.pathPrefix;
  const pathPrefix = input.pathPrefix === null ? byDefault : (input.pathPrefix ?? kept);
  const baseFault = baseUrlFault(baseUrl);
  if (baseFault !== undefined) faults.push({ field: 'baseUrl', message: baseFault });
  const hostFault = hostname === undefined ? undefined : hostnameFault(hostname);
  if (hostFault !== undefined) faults.push({ field: 'hostname', message: hostFault });
  const prefixFault = pathPrefixFault(pathPrefix, hostname);
  if (prefixFault !== undefined) faults.push({ field: 'pathPrefix', message: prefixFault });
  return {
    baseUrl: baseFault === undefined ? parseBaseUrl(baseUrl).baseUrl : baseUrl,
    pathPrefix,
    ...(hostname !== undefined && { hostname }),
  };
}

function openedFrom(
  input: ApplicationInput,
  previous: ApplicationSettings | undefined,
  faults: Faults,
): readonly string[] {
  const patterns = input.openedEndpoints ?? previous?.openedEndpoints ?? [];
  patterns.forEach((pattern, index) => {
    const open = /^\/[*?]/.test(pattern) ? 'must name at least its first segment' : undefined;
    const message = isValidAntPattern(pattern) ?? open;
    if (message !== undefined) faults.push({ field: `openedEndpoints[${index}]`, message });
  });
  return [...new Set(patterns)];
}

function withoutUndefined<T extends object>(value: T): Partial<T> {
  return Object.fromEntries(
    Object.entries(value).filter(([, each]) => each !== undefined && each !== null),
  ) as Partial<T>;
}

function invalid(faults: Faults): ProblemError {
  const detail = faults.map(({ field, message }) => `${field} ${message}`).join('; ');
  return new ProblemError(400, 'invalid_request', detail, faults);
}

import type { DirectorySettings } from './applications.port.js';
import { baseUrlFault } from './base-url.policy.js';
import {
  TOKEN_TEXT,
  isFields,
  optionalText,
  refuseUnknown,
  requiredText,
  secretText,
} from './setting-fields.policy.js';
import type { Faults, Fields, TextRule } from './setting-fields.policy.js';

const KINDS = ['application', 'crowd', 'claims'] as const;
const PATH = 'directory';
const USERNAME: TextRule = {
  longest: 255,

  pattern: /^[^:\u0000-\u001f\u007f]+$/,
  must: 'hold no colon and no control characters',
};
const PASSWORD: TextRule = { longest: 1000 };
const KEY: TextRule = { longest: 63 };
const PERSONAL_ACCESS_TOKEN: TextRule = { ...TOKEN_TEXT, longest: 500 };

/**
 * Reads a directory setting as an admin sent it. `stored` gives the secrets that were left out. Every fault is
 * noted with its field; the answer is then not to be used.
 */
export function parseDirectory(
  value: unknown,
  stored: DirectorySettings | undefined,
  faults: Faults,
): DirectorySettings {
  if (!isFields(value)) {
    faults.push({ field: PATH, message: 'must be an object with a kind' });
    return { kind: 'claims' };
  }
  switch (value['kind']) {
    case 'application':
      return parseApplication(value, stored, faults);
    case 'crowd':
      return parseCrowd(value, stored, faults);
    case 'claims':
      refuseUnknown(value, ['kind'], PATH, faults);
      return { kind: 'claims' };
    default:
      faults.push({ field: `${PATH}.kind`, message: `must be one of ${KINDS.join(', ')}` });
      return { kind: 'claims' };
  }
}

function parseApplication(
  value: Fields,
  stored: DirectorySettings | undefined,
  faults: Faults,
): DirectorySettings {
  refuseUnknown(value, ['kind', 'application', 'username', 'password', 'personalAccessToken'], PATH, faults);
  const application = optionalText(value, 'application', KEY, PATH, faults);
  const username = optionalText(value, 'username', USERNAME, PATH, faults);
  // A stored secret stays only for the same server.
  const kept = stored?.kind === 'application' && stored.application === application ? stored : undefined;
  const byToken = value['personalAccessToken'] !== undefined && value['personalAccessToken'] !== null;
  const keptPassword = username === undefined || byToken ? undefined : kept?.password;
  const keptToken = username === undefined ? kept?.personalAccessToken : undefined;
  const password = secretText(value, 'password', keptPassword, PATH, faults, PASSWORD);
  const personalAccessToken = secretText(
    value,
    'personalAccessToken',
    keptToken,
    PATH,
    faults,
    PERSONAL_ACCESS_TOKEN,
  );
  if (personalAccessToken !== undefined && (username !== undefined || password !== undefined)) {
    faults.push({
      field: `${PATH}.personalAccessToken`,
      message: 'must stand alone, without username and password',
    });
  } else if (username !== undefined && password === undefined) {
    faults.push({ field: `${PATH}.password`, message: 'is needed with username' });
  } else if (username === undefined && password !== undefined) {
    faults.push({ field: `${PATH}.username`, message: 'is needed with password' });
  }
  return {
    kind: 'application',
    ...(application !== undefined && { application }),
    ...(username !== undefined && { username }),
    ...(password !== undefined && { password }),
    ...(personalAccessToken !== undefined && { personalAccessToken }),
  };
}

function parseCrowd(value: Fields, stored: DirectorySettings | undefined, faults: Faults): DirectorySettings {
  refuseUnknown(value, ['kind', 'baseUrl', 'username', 'password'], PATH, faults);
  const baseUrl = requiredText(value, 'baseUrl', { longest: 500 }, PATH, faults).replace(/\/+$/, '');
  const fault = baseUrl === '' ? undefined : baseUrlFault(baseUrl);
  if (fault !== undefined) faults.push({ field: `${PATH}.baseUrl`, message: fault });
  const username = requiredText(value, 'username', USERNAME, PATH, faults);
  // A stored password stays only for the same server.
  const kept = stored?.kind === 'crowd' && stored.baseUrl === baseUrl ? stored.password : undefined;
  const password = secretText(value, 'password', kept, PATH, faults, PASSWORD);
  if (password === undefined) faults.push({ field: `${PATH}.password`, message: 'is needed' });
  return { kind: 'crowd', baseUrl, username, password: password ?? '' };
}

interface WithDirectory {
  readonly key: string;
  readonly directory: DirectorySettings;
}

/** What is wrong with the application whose directory is borrowed; undefined when all is right. */
export function borrowedDirectoryFault(
  own: WithDirectory,
  all: readonly WithDirectory[],
): string | undefined {
  const visited = new Set([own.key]);
  let current: WithDirectory = own;
  while (current.directory.kind === 'application' && current.directory.application !== undefined) {
    const wanted = current.directory.application;
    if (visited.has(wanted)) return `leads back to application ${wanted}`;
    visited.add(wanted);
    const next = all.find((other) => other.key === wanted);
    if (!next) return `names application ${wanted}, which does not exist`;
    if (hasOwnAccount(current)) return undefined;
    if (next.directory.kind === 'claims')
      return `names application ${wanted}, which has no directory of its own (kind claims)`;
    current = next;
  }
  return undefined;
}

function hasOwnAccount({ directory }: WithDirectory): boolean {
  if (directory.kind !== 'application') return true;
  return directory.username !== undefined || directory.personalAccessToken !== undefined;
}

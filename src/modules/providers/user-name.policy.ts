import { clientOf } from './jwt-claims.policy.js';
import { textAt, textsAt } from './claims.policy.js';
import type { Claims } from './claims.policy.js';
import type { Provider } from './provider-settings.port.js';
import type { TokenRefusal, VerifiedToken } from './providers.port.js';
import { refuse, shown } from './token-refusal.policy.js';

const LONGEST_NAME = 255;
const MOST_GROUPS = 1000;
/** Control, format, private-use and unassigned characters, line and paragraph separators. */
const UNSANE = /[\p{C}\p{Zl}\p{Zp}]/u;
const LATIN = /\p{Script=Latin}/u;
const LOOK_ALIKE = /[\p{Script=Cyrillic}\p{Script=Greek}\p{Script=Armenian}\p{Script=Cherokee}]/u;

export interface Machine {
  readonly clientId: string;
}

/**
 * The client, when the token was issued to a client and not to a person. Such a token never goes through the
 * user attribute: a client called "admin" must not become the user admin (RFC 9700 section 4.15).
 */
export function machineOf(claims: Claims, provider: Provider): Machine | undefined {
  const client = clientOf(claims);
  const subject = textAt(claims, 'sub');
  const grant = claims['gty'];
  const named = client ?? subject;
  if (named === undefined) return undefined;
  if (subject === provider.clientId) return { clientId: subject };
  if (typeof grant === 'string' && grant.toLowerCase().replace('_', '-') === 'client-credentials')
    return { clientId: named };
  if (claims['idtyp'] === 'app') return { clientId: named };
  if (client === undefined)
    return subject?.endsWith('@clients') ? { clientId: subject.slice(0, -'@clients'.length) } : undefined;
  if (subject === client || subject === `${client}@clients`) return { clientId: client };
  if (textAt(claims, 'preferred_username')?.toLowerCase() === `service-account-${client.toLowerCase()}`)
    return { clientId: client };
  if (isEntraApplication(claims, subject)) return { clientId: client };
  return undefined;
}

/** Entra application tokens have no scope, and subject and object id are the service principal. */
function isEntraApplication(claims: Claims, subject: string | undefined): boolean {
  if (claims['scp'] !== undefined || claims['tid'] === undefined) return false;
  return subject !== undefined && subject === textAt(claims, 'oid');
}

/**
 * The client, when it is in the table of machines and the token is its own, or names nobody at all (introspection
 * of client credentials often holds neither subject nor user name).
 */
export function mappedMachineOf(claims: Claims, provider: Provider): Machine | undefined {
  const machine = machineOf(claims, provider);
  if (machine) return provider.machines.has(machine.clientId) ? machine : undefined;
  const client = clientOf(claims);
  if (client === undefined || !provider.machines.has(client)) return undefined;
  const namesNobody =
    claims['sub'] === undefined && claims['username'] === undefined && !namesPerson(claims, provider);
  return namesNobody ? { clientId: client } : undefined;
}

/** The user of the mapping table for a machine; refused when the client is not in it. */
export function subjectOfMachine(
  machine: Machine,
  provider: Provider,
): VerifiedToken['subject'] | TokenRefusal {
  const username = provider.machines.get(machine.clientId);
  if (username !== undefined) return { by: 'username', value: username };
  return refuse(
    'user_attribute_missing',
    `The token belongs to the client ${shown(machine.clientId)}, not to a person. Map that client id to a user under service accounts.`,
  );
}

/** The person that the configured attribute names. Refused when it is missing, and (401) when it is no plain name or an unverified e-mail. */
export function subjectOfPerson(claims: Claims, provider: Provider): VerifiedToken['subject'] | TokenRefusal {
  const path = provider.usernameAttribute;
  const raw = textAt(claims, path);
  if (raw === undefined || raw === '') {
    return refuse('user_attribute_missing', `The provider's answer has no text at ${shown(path)}.`);
  }
  if (!isSaneName(raw)) {
    return refuse(
      'oauth_token_rejected',
      `The value at ${shown(path)} is not a plain user name: ${shown(raw)}.`,
    );
  }
  if (isUnverifiedEmail(raw, claims, provider)) {
    return refuse(
      'oauth_token_rejected',
      `The e-mail address at ${shown(path)} is not verified by the provider.`,
    );
  }
  const value = transformed(raw, provider);
  if (value === '')
    return refuse('user_attribute_missing', `Nothing is left of ${shown(raw)} after the transform.`);
  return { by: provider.userLookup, value };
}

/** True for the attribute's value when it exists: tells whether another answer of the provider is needed. */
export function namesPerson(claims: Claims, provider: Provider): boolean {
  const raw = textAt(claims, provider.usernameAttribute);
  return raw !== undefined && raw !== '';
}

/**
 * Text that can be one user name only: no control or invisible characters, no outer spaces, no compatibility
 * forms (fullwidth letters) or twins of letters, no Latin mixed with look-alike scripts, at most 255 characters.
 */
export function isSaneName(name: string): boolean {
  if (name.length > LONGEST_NAME || name.trim() !== name || UNSANE.test(name)) return false;
  if (name.normalize('NFC') !== name.normalize('NFKC')) return false;
  // Twins that normalisation makes a plain letter (the Kelvin sign): another account at the provider, the same here.
  for (const character of name) if (character.normalize('NFC') !== character) return false;
  return !(LATIN.test(name) && LOOK_ALIKE.test(name));
}

function isUnverifiedEmail(value: string, claims: Claims, provider: Provider): boolean {
  if (provider.trustUnverifiedEmail) return false;
  const verified = claims['email_verified'] ?? claims['verified_email'];
  if (verified !== false && verified !== 'false') return false;
  return (
    provider.userLookup === 'email' ||
    value.includes('@') ||
    /(^|[._])e?mails?(\.\d+)?$/i.test(provider.usernameAttribute)
  );
}

function transformed(value: string, provider: Provider): string {
  const name = value.normalize('NFC');
  if (provider.usernameTransform === 'lowercase') return name.toLowerCase();
  if (provider.usernameTransform !== 'local-part') return name;
  const at = name.lastIndexOf('@');
  return at < 0 ? name : name.slice(0, at);
}

/** Groups of the configured attribute; none when it is not set or not a list of texts. */
export function groupsOf(claims: Claims, provider: Provider): readonly string[] {
  if (provider.groupsAttribute === undefined) return [];
  const groups = textsAt(claims, provider.groupsAttribute) ?? [];
  return groups.filter((name) => name !== '' && isSaneName(name)).slice(0, MOST_GROUPS);
}

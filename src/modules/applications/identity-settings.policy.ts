import { DEFAULT_CONSUMER_KEY } from './application-settings.policy.js';
import type { IdentityChoice } from './application-settings.policy.js';
import type { MintedPatSettings } from './applications.port.js';
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

const MODES = ['oauth1', 'pat', 'header', 'none'] as const;
const PATH = 'identity';
const CONSUMER_KEY: TextRule = { ...TOKEN_TEXT, longest: 100 };
const HEADER: TextRule = {
  longest: 100,
  pattern: /^[A-Za-z0-9_-]+$/,
  must: 'be a header name: letters, digits, hyphen and underscore',
};
/** What is left behind by a process that was killed ends by itself, soon. */
const LONGEST_MINTED_DAYS = 7;
const SECRET: TextRule = { ...TOKEN_TEXT, longest: 500 };
/** Fields with a meaning of their own: a user name in one of them would break or bend the request. */
const TAKEN_HEADERS = new Set(
  `authorization proxy-authorization cookie set-cookie host connection content-length content-type transfer-encoding
   te trailer upgrade expect keep-alive via user-agent origin referer range accept forwarded x-forwarded-for
   x-forwarded-host x-forwarded-proto x-forwarded-port x-real-ip x-ausername x-atlassian-token x-request-id
   x-api-token`.split(/\s+/),
);

/**
 * Reads an identity setting as an admin sent it. `stored` gives the secrets that were left out. Every fault is
 * noted with its field; the answer is then not to be used.
 */
export function parseIdentity(
  value: unknown,
  stored: IdentityChoice | undefined,
  faults: Faults,
): IdentityChoice {
  if (!isFields(value)) {
    faults.push({ field: PATH, message: 'must be an object with a mode' });
    return { mode: 'none' };
  }
  switch (value['mode']) {
    case 'oauth1':
      return parseOauth1(value, faults);
    case 'header':
      return parseHeader(value, stored, faults);
    case 'pat':
      return parsePat(value, faults);
    case 'none':
      refuseUnknown(value, ['mode'], PATH, faults);
      return { mode: 'none' };
    default:
      faults.push({ field: `${PATH}.mode`, message: `must be one of ${MODES.join(', ')}` });
      return { mode: 'none' };
  }
}

function parsePat(value: Fields, faults: Faults): IdentityChoice {
  refuseUnknown(value, ['mode', 'renewal'], PATH, faults);
  const renewal = value['renewal'];
  if (renewal === undefined || renewal === null) return { mode: 'pat' };
  if (renewal === 'automatic' || renewal === 'off') return { mode: 'pat', renewal };
  faults.push({ field: `${PATH}.renewal`, message: 'must be automatic or off' });
  return { mode: 'pat' };
}

function parseOauth1(value: Fields, faults: Faults): IdentityChoice {
  refuseUnknown(value, ['mode', 'consumerKey', 'signingBaseUrl', 'mintedPat'], PATH, faults);
  const consumerKey = optionalText(value, 'consumerKey', CONSUMER_KEY, PATH, faults) ?? DEFAULT_CONSUMER_KEY;
  const mintedPat = parseMintedPat(value['mintedPat'], faults);
  const choice = { mode: 'oauth1', consumerKey, ...(mintedPat && { mintedPat }) } as const;
  const signingBaseUrl = optionalText(value, 'signingBaseUrl', { longest: 500 }, PATH, faults);
  if (signingBaseUrl === undefined) return choice;
  const fault = baseUrlFault(signingBaseUrl);
  if (fault !== undefined) faults.push({ field: `${PATH}.signingBaseUrl`, message: fault });
  return { ...choice, signingBaseUrl: signingBaseUrl.replace(/\/+$/, '') };
}

function parseMintedPat(value: unknown, faults: Faults): MintedPatSettings | undefined {
  if (value === undefined || value === null) return undefined;
  const path = `${PATH}.mintedPat`;
  if (!isFields(value)) {
    faults.push({ field: path, message: 'must be an object with enabled and lifetimeDays' });
    return undefined;
  }
  refuseUnknown(value, ['enabled', 'lifetimeDays'], path, faults);
  const { enabled, lifetimeDays = 1 } = value;
  if (typeof enabled !== 'boolean') {
    faults.push({ field: `${path}.enabled`, message: 'must be true or false' });
    return undefined;
  }
  if (!isWithin(lifetimeDays, 1, LONGEST_MINTED_DAYS)) {
    faults.push({
      field: `${path}.lifetimeDays`,
      message: `must be a whole number from 1 to ${LONGEST_MINTED_DAYS}`,
    });
    return undefined;
  }
  return { enabled, lifetimeDays };
}

function isWithin(value: unknown, least: number, most: number): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most;
}

function parseHeader(value: Fields, stored: IdentityChoice | undefined, faults: Faults): IdentityChoice {
  refuseUnknown(value, ['mode', 'header', 'sharedSecretHeader', 'sharedSecret'], PATH, faults);
  const header = requiredText(value, 'header', HEADER, PATH, faults);
  const sharedSecretHeader = optionalText(value, 'sharedSecretHeader', HEADER, PATH, faults);
  for (const [field, name] of Object.entries({ header, sharedSecretHeader })) {
    if (name !== undefined && TAKEN_HEADERS.has(name.toLowerCase())) {
      faults.push({
        field: `${PATH}.${field}`,
        message: `must not be ${name}, which has a meaning of its own`,
      });
    }
  }
  if (sharedSecretHeader?.toLowerCase() === header.toLowerCase()) {
    faults.push({
      field: `${PATH}.sharedSecretHeader`,
      message: 'must be another header than the one for the user',
    });
  }
  const storedSecret =
    stored?.mode === 'header' && sharedSecretHeader !== undefined ? stored.sharedSecret : undefined;
  const sharedSecret = secretText(value, 'sharedSecret', storedSecret, PATH, faults, SECRET);
  if (sharedSecretHeader === undefined) {
    if (sharedSecret !== undefined)
      faults.push({ field: `${PATH}.sharedSecretHeader`, message: 'is needed with sharedSecret' });
    return { mode: 'header', header };
  }
  if (sharedSecret === undefined) {
    faults.push({ field: `${PATH}.sharedSecret`, message: 'is needed with sharedSecretHeader' });
    return { mode: 'header', header };
  }
  return { mode: 'header', header, sharedSecretHeader, sharedSecret };
}

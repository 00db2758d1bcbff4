import type { ApiPropertyOptions } from '@nestjs/swagger';

/** What `identity-settings.policy.ts`, `directory-settings.policy.ts` and `tls-settings.policy.ts` accept, as schemas. */
const VISIBLE_ASCII = '^[\\x21-\\x7e]+$';
const HEADER_NAME = { type: 'string', maxLength: 100, pattern: '^[A-Za-z0-9_-]+$' };
const ACCOUNT = { type: 'string', maxLength: 255, pattern: '^[^:\\u0000-\\u001f\\u007f]+$' };
const ADDRESS = { type: 'string', minLength: 1, maxLength: 500 };
const CERTIFICATES = { type: 'string', maxLength: 200_000, pattern: '-----BEGIN CERTIFICATE-----' };

type Properties = Record<string, object>;

function optional(property: object): object {
  const { type } = property as { type: string };
  return { ...property, type: [type, 'null'] };
}

function form(properties: Properties, required: readonly string[], title: string): object {
  return { type: 'object', title, additionalProperties: false, required, properties };
}

const MINTED_PAT = {
  type: ['object', 'null'],
  additionalProperties: false,
  required: ['enabled'],
  description:
    'Reads go on with a short-lived personal access token that is made as the user and kept in memory.',
  properties: {
    enabled: { type: 'boolean' },
    lifetimeDays: { type: 'integer', minimum: 1, maximum: 7, default: 1 },
  },
};

const MODES = [
  form(
    {
      mode: { type: 'string', enum: ['oauth1'] },
      consumerKey: optional({ type: 'string', maxLength: 100, pattern: VISIBLE_ASCII }),
      signingBaseUrl: optional(ADDRESS),
      mintedPat: MINTED_PAT,
    },
    ['mode'],
    'OAuth 1.0a with an RSA key that Restgate makes',
  ),
  form(
    {
      mode: { type: 'string', enum: ['pat'] },
      renewal: { type: ['string', 'null'], enum: ['automatic', 'off', null] },
    },
    ['mode'],
    'Each user stores a personal access token',
  ),
  form(
    {
      mode: { type: 'string', enum: ['header'] },
      header: HEADER_NAME,
      sharedSecretHeader: optional(HEADER_NAME),
      sharedSecret: optional({ type: 'string', maxLength: 500, pattern: VISIBLE_ASCII }),
    },
    ['mode', 'header'],
    'A header that the application trusts',
  ),
  form({ mode: { type: 'string', enum: ['none'] } }, ['mode'], "Only the callers' own credentials"),
];

const KINDS = [
  form(
    {
      kind: { type: 'string', enum: ['application'] },
      application: optional({ type: 'string', minLength: 1, maxLength: 63 }),
      username: optional(ACCOUNT),
      password: optional({ type: 'string', minLength: 1, maxLength: 1000 }),
      personalAccessToken: optional({ type: 'string', maxLength: 500, pattern: VISIBLE_ASCII }),
    },
    ['kind'],
    'The REST API of this application, or of another one',
  ),
  form(
    {
      kind: { type: 'string', enum: ['crowd'] },
      baseUrl: ADDRESS,
      username: ACCOUNT,
      password: optional({ type: 'string', minLength: 1, maxLength: 1000 }),
    },
    ['kind', 'baseUrl', 'username'],
    'A Crowd server',
  ),
  form({ kind: { type: 'string', enum: ['claims'] } }, ['kind'], 'User and groups as the token says'),
];

export const IDENTITY_FORMS = {
  required: false,
  oneOf: MODES,
  description: 'How Restgate acts as the user. A `sharedSecret` that is left out stays as it is.',
  example: { mode: 'oauth1', consumerKey: 'restgate' },
} as ApiPropertyOptions;

export const DIRECTORY_FORMS = {
  required: false,
  oneOf: KINDS,
  description:
    'Where users and groups are looked up: with `username` and `password`, or with `personalAccessToken` alone. ' +
    'Secrets that are left out stay as they are, for the same account at the same server.',
  example: { kind: 'application', username: 'svc-restgate', password: 'a-long-password' },
} as ApiPropertyOptions;

export const TLS_FORMS = {
  required: false,
  oneOf: [
    form(
      {
        ca: optional(CERTIFICATES),
        certificate: optional(CERTIFICATES),
        privateKey: optional({ type: 'string', maxLength: 20_000, pattern: 'PRIVATE KEY-----' }),
      },
      [],
      'All in PEM form',
    ),
    { type: 'null' },
  ],
  description: 'Whom to trust, and a client certificate; null: as the system does.',
  example: null,
} as ApiPropertyOptions;

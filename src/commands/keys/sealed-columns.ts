import { AUDIT_SETTINGS_KEY, WEBHOOK_SECRET_PURPOSE } from '../../modules/audit/audit-settings.port.js';

/** A place in the database that holds sealed values. */
export interface SealedColumn {
  readonly table: string;
  /** Columns of the primary key. */
  readonly key: readonly string[];
  readonly column: string;
  /** Where in a jsonb column. */
  readonly path?: readonly string[];
  /** SQL that says which rows hold one at all. */
  readonly only?: string;
  /** What the value is sealed for; `key` holds the primary key's values. */
  readonly purpose: (key: readonly string[]) => string;
  /** The source that seals it. A test finds sources that are not named here. */
  readonly sealedBy: string;
}

const APPLICATIONS = 'src/modules/applications/applications.repository.ts';
const AUTHORIZATIONS = 'src/modules/providers/authorizations.service.ts';
const AUDIT_SETTINGS = 'src/modules/audit/audit-settings.service.ts';
const WEBHOOK_PATH = ['sinks', 'webhook', 'sealedSecret'];

function ofApplication(column: string, path: string[], field: string): SealedColumn {
  const purpose = ([id]: readonly string[]): string => `application:${id}:${field}`;
  return { table: 'applications', key: ['id'], column, path, purpose, sealedBy: APPLICATIONS };
}

function ofAuthorization(column: string): SealedColumn {
  return {
    table: 'provider_authorizations',
    key: ['state_hash'],
    column,
    only: `${column} <> ''`,
    purpose: ([stateHash]) => `provider-authorizations/${stateHash}`,
    sealedBy: AUTHORIZATIONS,
  };
}

function ofAuditSettings(table: string, key: string[]): SealedColumn {
  return {
    table,
    key,
    column: 'value',
    path: WEBHOOK_PATH,
    only: `key = '${AUDIT_SETTINGS_KEY}'`,
    purpose: () => WEBHOOK_SECRET_PURPOSE,
    sealedBy: AUDIT_SETTINGS,
  };
}

/** Everything in the database that is sealed with ENCRYPTION_KEY: the one list that rotation goes by. */
export const SEALED_COLUMNS: readonly SealedColumn[] = [
  {
    table: 'providers',
    key: ['id'],
    column: 'client_secret',
    purpose: ([id]) => `providers/${id}/client-secret`,
    sealedBy: 'src/modules/providers/providers.service.ts',
  },
  ofAuthorization('secret'),
  ofAuthorization('result'),
  ofApplication('identity', ['sharedSecret'], 'identity.sharedSecret'),
  ofApplication('directory', ['password'], 'directory.password'),
  ofApplication('directory', ['personalAccessToken'], 'directory.personalAccessToken'),
  ofApplication('tls', ['privateKey'], 'tls.privateKey'),
  ofApplication('key_pairs', ['current', 'privateKeyPem'], 'identity.privateKey'),
  ofApplication('key_pairs', ['next', 'privateKeyPem'], 'identity.nextPrivateKey'),
  {
    table: 'stored_pats',
    key: ['application_id', 'username_key'],
    column: 'token',
    purpose: ([applicationId, usernameKey]) => `stored-pat:${applicationId}:${usernameKey}`,
    sealedBy: 'src/modules/identity/stored-pats.repository.ts',
  },
  ofAuditSettings('settings', ['key']),
  ofAuditSettings('setting_versions', ['key', 'version']),
  {
    table: 'audit_seals',
    key: ['id'],
    column: 'seal',
    purpose: () => 'audit-seal',
    sealedBy: 'src/modules/audit/audit-seals.repository.ts',
  },
];

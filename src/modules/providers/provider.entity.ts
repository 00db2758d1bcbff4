import { Check, Column, Entity, Index, PrimaryColumn, Unique } from 'typeorm';
import type { ProviderSettings } from './provider-settings.port.js';

/** A configured identity provider. `clientSecret` is sealed. */
@Entity('providers')
@Unique('providers_name_unique', ['name'])
@Check('providers_settings_object', `jsonb_typeof(settings) = 'object'`)
export class ProviderEntity {
  @PrimaryColumn({ type: 'uuid', primaryKeyConstraintName: 'providers_pk' })
  id: string;

  @Column({ type: 'text' })
  name: string;

  @Column({ type: 'text' })
  preset: string;

  @Column({ type: 'boolean' })
  enabled: boolean;

  @Column({ name: 'client_id', type: 'text' })
  clientId: string;

  @Column({ name: 'client_secret', type: 'text', nullable: true })
  clientSecret: string | null;

  @Column({ type: 'jsonb' })
  settings: ProviderSettings;

  @Column({ name: 'position', type: 'integer' })
  order: number;

  @Column({ name: 'created_at', type: 'timestamptz', default: () => 'now()' })
  createdAt: Date;

  @Column({ name: 'updated_at', type: 'timestamptz', default: () => 'now()' })
  updatedAt: Date;
}

/** The last good key set of a provider, so that a restart while the provider is away still works. */
@Entity('provider_keys')
export class ProviderKeysEntity {
  @PrimaryColumn({
    name: 'provider_id',
    type: 'uuid',
    primaryKeyConstraintName: 'provider_keys_pk',
  })
  providerId: string;

  @Column({ name: 'jwks_uri', type: 'text' })
  jwksUri: string;

  @Column({ type: 'jsonb' })
  keys: unknown;

  @Column({ name: 'fetched_at', type: 'timestamptz' })
  fetchedAt: Date;
}

/** One run of "Fetch token". `secret` and `result` are sealed; the state itself is kept as its SHA-256 only. */
@Entity('provider_authorizations')
@Check('provider_authorizations_status_known', `status IN ('pending', 'exchanging', 'complete', 'failed')`)
export class ProviderAuthorizationEntity {
  @PrimaryColumn({ name: 'state_hash', type: 'text', primaryKeyConstraintName: 'provider_authorizations_pk' })
  stateHash: string;

  @Index('provider_authorizations_provider_index')
  @Column({ name: 'provider_id', type: 'uuid' })
  providerId: string;

  @Column({ type: 'text' })
  admin: string;

  @Column({ type: 'text' })
  status: 'pending' | 'exchanging' | 'complete' | 'failed';

  @Column({ type: 'text' })
  secret: string;

  @Column({ type: 'text', nullable: true })
  result: string | null;

  @Column({ name: 'expires_at', type: 'timestamptz' })
  expiresAt: Date;
}

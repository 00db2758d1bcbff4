import { Check, Column, Entity, Index, PrimaryColumn, Unique } from 'typeorm';
import type { TokenScope } from './token-limits.policy.js';

/** A token that Restgate issued. The token itself is not kept anywhere. */
@Entity('api_tokens')
@Unique('api_tokens_hash_unique', ['hash'])
@Unique('api_tokens_previous_hash_unique', ['previousHash'])
@Check('api_tokens_scope_known', "scope IN ('read', 'write', 'admin')")
@Check('api_tokens_hash_is_sha256', 'octet_length(hash) = 32')
@Index('api_tokens_by_owner', ['usernameKey', 'id'])
@Index('api_tokens_by_expiry', ['expiresAt'])
@Index('api_tokens_by_revocation', ['revokedAt'])
export class ApiTokenEntity {
  @PrimaryColumn({ type: 'uuid', primaryKeyConstraintName: 'api_tokens_pk' })
  id: string;

  @Column({ type: 'text' })
  username: string;

  /** `username` in lower case. */
  @Column({ name: 'username_key', type: 'text' })
  usernameKey: string;

  @Column({ type: 'text' })
  name: string;

  @Column({ type: 'text' })
  prefix: string;

  @Column({ type: 'bytea' })
  hash: Buffer;

  @Column({ type: 'text' })
  scope: TokenScope;

  @Column({ type: 'text', array: true, nullable: true })
  applications: string[] | null;

  @Column({ type: 'text', array: true, nullable: true })
  paths: string[] | null;

  @Column({ name: 'allowed_ips', type: 'text', array: true, nullable: true })
  allowedIps: string[] | null;

  @Column({ name: 'created_at', type: 'timestamptz', default: () => 'now()' })
  createdAt: Date;

  @Column({ name: 'created_by', type: 'text' })
  createdBy: string;

  @Column({ name: 'expires_at', type: 'timestamptz', nullable: true })
  expiresAt: Date | null;

  @Column({ name: 'revoked_at', type: 'timestamptz', nullable: true })
  revokedAt: Date | null;

  @Column({ name: 'revoked_by', type: 'text', nullable: true })
  revokedBy: string | null;

  @Column({ name: 'last_used_at', type: 'timestamptz', nullable: true })
  lastUsedAt: Date | null;

  @Column({ name: 'last_used_ip', type: 'text', nullable: true })
  lastUsedIp: string | null;

  @Column({ name: 'rotated_at', type: 'timestamptz', nullable: true })
  rotatedAt: Date | null;

  /** The secret before the last rotation: works until `previousUntil`. */
  @Column({ name: 'previous_hash', type: 'bytea', nullable: true })
  previousHash: Buffer | null;

  @Column({ name: 'previous_until', type: 'timestamptz', nullable: true })
  previousUntil: Date | null;

  @Column({ name: 'previous_last_used_at', type: 'timestamptz', nullable: true })
  previousLastUsedAt: Date | null;

  /** The smallest number of days before expiry that was already warned of. */
  @Column({ name: 'warned_days', type: 'integer', nullable: true })
  warnedDays: number | null;
}

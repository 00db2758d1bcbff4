import { Check, Column, Entity, ForeignKey, Index, PrimaryColumn } from 'typeorm';

/** One browser that somebody signed in with. The token itself is in the browser's cookie only. */
@Entity('browser_sessions')
@Check('browser_sessions_subject_by_known', "subject_by IN ('username', 'email')")
export class BrowserSessionEntity {
  /** SHA-256 of the token. */
  @PrimaryColumn({ name: 'token_hash', type: 'text', primaryKeyConstraintName: 'browser_sessions_pk' })
  tokenHash: string;

  @ForeignKey('ProviderEntity', { name: 'browser_sessions_provider_fk', onDelete: 'CASCADE' })
  @Index('browser_sessions_provider_index')
  @Column({ name: 'provider_id', type: 'uuid' })
  providerId: string;

  /** The user name in lower case. */
  @Index('browser_sessions_user_index')
  @Column({ name: 'username_key', type: 'text' })
  usernameKey: string;

  @Column({ name: 'subject_by', type: 'text' })
  subjectBy: 'username' | 'email';

  @Column({ name: 'subject_value', type: 'text' })
  subjectValue: string;

  /** What the provider said at sign-in, for directories of kind `claims`. */
  @Column({ name: 'claimed_groups', type: 'jsonb' })
  claimedGroups: string[];

  @Column({ name: 'created_at', type: 'timestamptz' })
  createdAt: Date;

  @Column({ name: 'last_seen_at', type: 'timestamptz' })
  lastSeenAt: Date;

  @Column({ name: 'expires_at', type: 'timestamptz' })
  expiresAt: Date;
}

import { Column, Entity, ForeignKey, PrimaryColumn } from 'typeorm';

/** A user's own personal access token for one application, sealed. */
@Entity('stored_pats')
export class StoredPatEntity {
  @ForeignKey('ApplicationEntity', { name: 'stored_pats_application_fk', onDelete: 'CASCADE' })
  @PrimaryColumn({ name: 'application_id', type: 'uuid', primaryKeyConstraintName: 'stored_pats_pk' })
  applicationId: string;

  /** The user name in lower case. */
  @PrimaryColumn({ name: 'username_key', type: 'text', primaryKeyConstraintName: 'stored_pats_pk' })
  usernameKey: string;

  @Column({ type: 'text' })
  username: string;

  @Column({ type: 'text' })
  token: string;

  @Column({ name: 'created_at', type: 'timestamptz', default: () => 'now()' })
  createdAt: Date;

  @Column({ name: 'updated_at', type: 'timestamptz', default: () => 'now()' })
  updatedAt: Date;

  /** The token's id in the application, where it is known. */
  @Column({ name: 'product_token_id', type: 'text', nullable: true })
  productTokenId: string | null;

  @Column({ name: 'issued_at', type: 'timestamptz', nullable: true })
  issuedAt: Date | null;

  /** Null: never, or not known. */
  @Column({ name: 'expires_at', type: 'timestamptz', nullable: true })
  expiresAt: Date | null;

  /** Since when the application does not accept it. */
  @Column({ name: 'refused_at', type: 'timestamptz', nullable: true })
  refusedAt: Date | null;

  /** When the application was last asked about it. */
  @Column({ name: 'checked_at', type: 'timestamptz', nullable: true })
  checkedAt: Date | null;

  /** Set when Restgate made this token in place of the one before. */
  @Column({ name: 'renewed_at', type: 'timestamptz', nullable: true })
  renewedAt: Date | null;

  /** How many days before its end the audit log last told of it. */
  @Column({ name: 'warned_days', type: 'integer', nullable: true })
  warnedDays: number | null;
}

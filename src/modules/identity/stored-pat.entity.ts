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
}

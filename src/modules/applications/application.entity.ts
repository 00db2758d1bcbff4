import { Check, Column, Entity, PrimaryColumn, Unique } from 'typeorm';

/** One fronted Atlassian instance. Secrets within the jsonb columns are sealed. */
@Entity('applications')
@Unique('applications_key_unique', ['key'])
@Unique('applications_reached_at_unique', ['hostname', 'pathPrefix'])
@Check('applications_product_known', "product IN ('jira', 'confluence', 'bitbucket')")
@Check('applications_version_positive', 'version > 0')
export class ApplicationEntity {
  @PrimaryColumn({ type: 'uuid', primaryKeyConstraintName: 'applications_pk' })
  id: string;

  @Column({ type: 'text' })
  key: string;

  @Column({ type: 'text' })
  name: string;

  @Column({ type: 'text' })
  product: string;

  @Column({ name: 'base_url', type: 'text' })
  baseUrl: string;

  @Column({ name: 'path_prefix', type: 'text' })
  pathPrefix: string;

  /** Empty: any host. Not null, so that the unique constraint holds. */
  @Column({ type: 'text', default: '' })
  hostname: string;

  @Column({ type: 'boolean', default: true })
  enabled: boolean;

  /** The choices that have no column of their own: web traffic, cookies, links, checks, timeouts. */
  @Column({ type: 'jsonb' })
  options: object;

  @Column({ type: 'jsonb' })
  identity: object;

  @Column({ type: 'jsonb' })
  directory: object;

  @Column({ type: 'jsonb', nullable: true })
  tls: object | null;

  /** RSA keys of the mode oauth1, kept whatever the mode is. */
  @Column({ name: 'key_pairs', type: 'jsonb', nullable: true })
  keyPairs: object | null;

  @Column({ type: 'integer', default: 1 })
  version: number;

  @Column({ name: 'created_at', type: 'timestamptz', default: () => 'now()' })
  createdAt: Date;

  @Column({ name: 'updated_at', type: 'timestamptz', default: () => 'now()' })
  updatedAt: Date;
}

import { Check, Column, Entity, PrimaryColumn } from 'typeorm';

/** The current value of one group of settings. */
@Entity('settings')
@Check('settings_version_positive', 'version > 0')
export class SettingEntity {
  @PrimaryColumn({ type: 'text', primaryKeyConstraintName: 'settings_pk' })
  key: string;

  @Column({ type: 'jsonb' })
  value: unknown;

  @Column({ type: 'integer', default: 1 })
  version: number;

  @Column({ name: 'updated_at', type: 'timestamptz', default: () => 'now()' })
  updatedAt: Date;

  @Column({ name: 'updated_by', type: 'text' })
  updatedBy: string;
}

/** A value that a group of settings once had, and who gave it. */
@Entity('setting_versions')
@Check('setting_versions_version_positive', 'version > 0')
export class SettingVersionEntity {
  @PrimaryColumn({ type: 'text', primaryKeyConstraintName: 'setting_versions_pk' })
  key: string;

  @PrimaryColumn({ type: 'integer', primaryKeyConstraintName: 'setting_versions_pk' })
  version: number;

  @Column({ type: 'jsonb' })
  value: unknown;

  @Column({ type: 'timestamptz', default: () => 'now()' })
  at: Date;

  @Column({ type: 'text' })
  by: string;
}

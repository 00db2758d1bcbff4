import { Column, Entity, PrimaryGeneratedColumn } from 'typeorm';

/** One change that other nodes have to hear of. `id` is a bigint, so it arrives as a string. */
@Entity('change_log')
export class ChangeLogEntity {
  @PrimaryGeneratedColumn({ type: 'bigint', primaryKeyConstraintName: 'change_log_pk' })
  id: string;

  @Column({ type: 'text' })
  topic: string;

  @Column({ type: 'text', nullable: true })
  key: string | null;

  @Column({ type: 'timestamptz', default: () => 'now()' })
  at: Date;
}

import type { EntityManager } from 'typeorm';
import type { Snapshot, SnapshotSlot } from './snapshot.js';

export const CHANGE_FEED = Symbol('CHANGE_FEED');

/** For `onReload`: every topic. */
export const ANY_TOPIC = '*';

/** A change of settings, for the audit log and the version history. Holds no secret. */
export interface ChangeDescription {
  /** Slot topic that other nodes and this one reload. */
  readonly topic: string;
  /** The changed item, for topics that reload item by item. */
  readonly key?: string;
  /** Who: a user name. */
  readonly by: string;
  readonly requestId?: string;
  readonly clientIp?: string;
  /** What, for example `applications/jira`. */
  readonly target: string;
  readonly before?: unknown;
  readonly after?: unknown;
}

/** Loads a slot. `keys` names the changed items when only those need loading; undefined: everything. */
export type SlotLoader<T> = (previous: T, keys: readonly string[] | undefined) => Promise<T>;

/**
 * The one way to change settings, and the one place that holds their snapshot.
 * Every node sees a committed change within 2 s (LISTEN/NOTIFY, with a poll as safety net).
 */
export interface ChangeFeedPort {
  /** The snapshot that is in force on this node. Memory only. */
  readonly current: Snapshot;
  /** Declares how a slot is loaded. Called in constructors, before the application starts. */
  register<T>(slot: SnapshotSlot<T>, load: SlotLoader<T>): void;
  /**
   * Runs `work` in one transaction with the change-log entry; when it answers, the change is committed and in
   * force on this node. `describe` gives what is audited, from what `work` answered. Throws what `work`
   * throws (nothing is saved then) and `DatabaseUnavailableError` when the database is away.
   */
  change<R>(
    work: (manager: EntityManager) => Promise<R>,
    describe: (result: R) => ChangeDescription,
  ): Promise<R>;
  /** Called inside the transaction of every change: what it writes with the manager is saved with the change. */
  onChange(listener: (change: ChangeDescription, manager: EntityManager) => Promise<void>): void;
  /** Called after a reload on this node (own or foreign change). */
  onReload(topic: string, listener: () => void): void;
}

export const CHANGE_SET = Symbol('CHANGE_SET');

/** Several changes, of any features, as one. */
export interface ChangeSetPort {
  /**
   * Every `ChangeFeedPort.change` that `work` makes joins one transaction: all of them are saved or none, and
   * they come into force together before this answers. With `dryRun` all are rolled back. Answers what was
   * changed, in order. Throws what `work` throws, and `DatabaseUnavailableError`.
   */
  changeTogether(
    work: () => Promise<void>,
    options: { readonly dryRun: boolean },
  ): Promise<ChangeDescription[]>;
}

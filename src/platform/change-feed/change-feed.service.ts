import { AsyncLocalStorage } from 'node:async_hooks';
import { Inject, Injectable } from '@nestjs/common';
import type { OnApplicationShutdown } from '@nestjs/common';
import { DataSource } from 'typeorm';
import type { EntityManager } from 'typeorm';
import { LOGGER } from '../logging/logger.js';
import type { Logger } from '../logging/logger.js';
import { DatabaseUnavailableError, isDatabaseDown } from '../database/database.errors.js';
import { ChangeListener } from './change-listener.js';
import { ANY_TOPIC } from './change-feed.port.js';
import type { ChangeDescription, ChangeFeedPort, ChangeSetPort, SlotLoader } from './change-feed.port.js';
import { initialSnapshot } from './snapshot.js';
import type { Snapshot, SnapshotSlot } from './snapshot.js';

/** Serialises settings changes, so that change-log ids become visible in their order. */
const CHANGE_LOCK = 7_215_001;
export const CHANGE_CHANNEL = 'restgate_change';
const CATCH_UP_LIMIT = 1000;
const MOST_OWN = 1000;

interface Registration {
  readonly slot: SnapshotSlot<unknown>;
  readonly load: SlotLoader<unknown>;
}

/** Changes that are being made together. */
interface ChangeSet {
  readonly manager: EntityManager;
  readonly changes: ChangeDescription[];
  /** Of their rows in the change log. */
  readonly ids: string[];
}

/** Thrown to roll a dry run back. */
class DryRunDone extends Error {}

@Injectable()
export class ChangeFeedService implements ChangeFeedPort, ChangeSetPort, OnApplicationShutdown {
  private snapshot: Snapshot | undefined;
  private readonly registrations = new Map<string, Registration>();
  private readonly changeListeners: ((change: ChangeDescription, manager: EntityManager) => Promise<void>)[] =
    [];
  private readonly reloadListeners: { topic: string; listener: () => void }[] = [];
  private readonly listener: ChangeListener;
  private readonly joined = new AsyncLocalStorage<ChangeSet>();
  private lastSeenId = 0n;
  /** Changes made here, which are reloaded here: their echo must not empty the caches a second time. */
  private readonly own = new Set<string>();
  /** Reloads run one after another, so that an older load never overwrites a newer one. */
  private queue: Promise<void> = Promise.resolve();

  constructor(
    private readonly dataSource: DataSource,
    @Inject(LOGGER) private readonly log: Logger,
  ) {
    this.listener = new ChangeListener(dataSource, CHANGE_CHANNEL, log, (reconnected) =>
      this.catchUp(reconnected),
    );
  }

  get current(): Snapshot {
    this.snapshot ??= initialSnapshot();
    return this.snapshot;
  }

  /** False while this node may miss changes of other nodes (its listening connection is down). */
  get listening(): boolean {
    return this.listener.connected;
  }

  register<T>(slot: SnapshotSlot<T>, load: SlotLoader<T>): void {
    if (this.registrations.has(slot.topic)) throw new Error(`Slot ${slot.topic} is registered twice.`);
    this.registrations.set(slot.topic, {
      slot: slot,
      load: load as SlotLoader<unknown>,
    });
  }

  onChange(listener: (change: ChangeDescription, manager: EntityManager) => Promise<void>): void {
    this.changeListeners.push(listener);
  }

  onReload(topic: string, listener: () => void): void {
    this.reloadListeners.push({ topic, listener });
  }

  /** Loads every slot and begins to follow changes. Throws when the database cannot be read. */
  async start(): Promise<void> {
    this.lastSeenId = await this.newestId();
    await this.reloadAll();
    await this.listener.start();
  }

  async onApplicationShutdown(): Promise<void> {
    await this.listener.stop();
  }

  async change<R>(
    work: (manager: EntityManager) => Promise<R>,
    describe: (result: R) => ChangeDescription,
  ): Promise<R> {
    const set = this.joined.getStore();
    if (set) return this.join(set, work, describe);
    const ids: string[] = [];
    try {
      const { result, change } = await this.dataSource.transaction((manager) =>
        this.write(manager, work, describe, ids),
      );
      await this.enqueue(() =>
        this.reload(change.topic, change.key === undefined ? undefined : [change.key]),
      );
      return result;
    } catch (error) {
      this.hearAgain(ids);
      throw isDatabaseDown(error) ? new DatabaseUnavailableError(error) : error;
    }
  }

  async changeTogether(
    work: () => Promise<void>,
    { dryRun }: { readonly dryRun: boolean },
  ): Promise<ChangeDescription[]> {
    const changes: ChangeDescription[] = [];
    const ids: string[] = [];
    try {
      await this.dataSource.transaction(async (manager) => {
        await manager.query('SELECT pg_advisory_xact_lock($1)', [CHANGE_LOCK]);
        await this.joined.run({ manager, changes, ids }, work);
        if (dryRun) throw new DryRunDone();
      });
      await this.enqueue(async () => {
        for (const topic of new Set(changes.map((change) => change.topic)))
          await this.reload(topic, undefined);
      });
    } catch (error) {
      this.hearAgain(ids);
      if (isDatabaseDown(error)) throw new DatabaseUnavailableError(error);
      if (!(error instanceof DryRunDone)) throw error;
    }
    return changes;
  }

  private async join<R>(
    set: ChangeSet,
    work: (manager: EntityManager) => Promise<R>,
    describe: (result: R) => ChangeDescription,
  ): Promise<R> {
    const { result, change } = await this.write(set.manager, work, describe, set.ids);
    set.changes.push(change);
    return result;
  }

  private async write<R>(
    manager: EntityManager,
    work: (manager: EntityManager) => Promise<R>,
    describe: (result: R) => ChangeDescription,
    ids: string[],
  ): Promise<{ result: R; change: ChangeDescription }> {
    await manager.query('SELECT pg_advisory_xact_lock($1)', [CHANGE_LOCK]);
    const result = await work(manager);
    const change = describe(result);
    for (const listener of this.changeListeners) await listener(change, manager);
    const [row] = await manager.query<{ id: string }[]>(
      'INSERT INTO change_log (topic, key) VALUES ($1, $2) RETURNING id',
      [change.topic, change.key ?? null],
    );
    const id = String(row?.id);
    // To forget an echo only means that it is heard.
    if (this.own.size >= MOST_OWN) this.own.clear();
    this.own.add(id);
    ids.push(id);
    await manager.query('SELECT pg_notify($1, $2)', [CHANGE_CHANNEL, change.topic]);
    return { result, change };
  }

  /**
   * A change was not reloaded here: it was rolled back, or its reload failed, or the connection was lost at the very
   * commit, after which nobody knows. The next look at the change log finds what was saved after all. In turn with
   * the other looks, one of which may just have passed the echo by.
   */
  private hearAgain(ids: readonly string[]): void {
    void this.enqueue(() => {
      for (const id of ids) {
        this.own.delete(id);
        if (this.lastSeenId >= BigInt(id)) this.lastSeenId = BigInt(id) - 1n;
      }
      return Promise.resolve();
    });
  }

  /** Reads what was committed since the last look and reloads the topics concerned. */
  private async catchUp(reconnected: boolean): Promise<void> {
    await this.enqueue(async () => {
      if (reconnected) {
        this.own.clear();
        this.lastSeenId = await this.newestId();
        await this.reloadAll();
        return;
      }
      const rows = await this.dataSource.query<{ id: string; topic: string; key: string | null }[]>(
        'SELECT id, topic, key FROM change_log WHERE id > $1 ORDER BY id LIMIT $2',
        [this.lastSeenId.toString(), CATCH_UP_LIMIT],
      );
      const others = rows.filter(({ id }) => !this.own.delete(id));
      for (const [topic, keys] of keysByTopic(others)) await this.reload(topic, keys);
      const last = rows.at(-1);
      if (last) this.lastSeenId = BigInt(last.id);
    });
  }

  private async newestId(): Promise<bigint> {
    const rows = await this.dataSource.query<{ id: string }[]>(
      'SELECT coalesce(max(id), 0) AS id FROM change_log',
    );
    return BigInt(rows[0]?.id ?? '0');
  }

  private async reloadAll(): Promise<void> {
    for (const topic of this.registrations.keys()) await this.reload(topic, undefined);
  }

  private async reload(topic: string, keys: readonly string[] | undefined): Promise<void> {
    const registration = this.registrations.get(topic);
    if (registration) {
      const value = await registration.load(registration.slot.of(this.current), keys);
      this.snapshot = registration.slot.replaceIn(this.current, value);
    }
    for (const entry of this.reloadListeners) {
      if (entry.topic === topic || entry.topic === ANY_TOPIC) entry.listener();
    }
    this.log.debug({ topic, keys: keys?.length, version: this.current.version }, 'settings reloaded');
  }

  private enqueue(work: () => Promise<void>): Promise<void> {
    const run = this.queue.then(work);
    // The queue itself must go on after a failed reload; the failure is the caller's to handle.
    this.queue = run.then(
      () => undefined,
      (error: unknown) => this.log.error({ err: error }, 'reloading settings failed'),
    );
    return run;
  }
}

function keysByTopic(rows: { topic: string; key: string | null }[]): Map<string, string[] | undefined> {
  const topics = new Map<string, string[] | undefined>();
  for (const row of rows) {
    if (row.key === null) topics.set(row.topic, undefined);
    else if (!topics.has(row.topic)) topics.set(row.topic, [row.key]);
    else topics.get(row.topic)?.push(row.key);
  }
  return topics;
}

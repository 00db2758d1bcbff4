import { setTimeout as sleep } from 'node:timers/promises';
import { pino } from 'pino';
import { DataSource } from 'typeorm';
import { ChangeFeedService } from '../../../src/platform/change-feed/change-feed.service.js';
import { SnapshotSlot } from '../../../src/platform/change-feed/snapshot.js';
import { SettingConflictError } from '../../../src/platform/settings/settings.port.js';
import { SettingsStore } from '../../../src/platform/settings/settings-store.service.js';
import { createTestDatabase } from '../../support/database.js';
import type { TestDatabase } from '../../support/database.js';

const NUMBER = new SnapshotSlot<number>('test-number', 0);
const KEYED = new SnapshotSlot<readonly string[]>('test-keyed', []);

class Node {
  readonly loads: (readonly string[] | undefined)[] = [];
  private constructor(
    readonly dataSource: DataSource,
    readonly feed: ChangeFeedService,
    readonly store: SettingsStore,
  ) {}

  static async start(url: string): Promise<Node> {
    const dataSource = await new DataSource({ type: 'postgres', url, installExtensions: false }).initialize();
    const node = new Node(
      dataSource,
      new ChangeFeedService(dataSource, pino({ level: 'silent' })),
      new SettingsStore(dataSource),
    );
    node.feed.register(NUMBER, async () => (await node.store.read('number', 0)).value);
    node.feed.register(KEYED, async (previous, keys) => {
      node.loads.push(keys);
      return keys ? [...previous, ...keys] : [];
    });
    await node.feed.start();
    return node;
  }

  get number(): number {
    return NUMBER.of(this.feed.current);
  }

  set(value: number, expected?: number): Promise<unknown> {
    return this.feed.change(
      (manager) => this.store.write(manager, 'number', value, 'tester', expected),
      () => ({ topic: 'test-number', by: 'tester', target: 'number', after: value }),
    );
  }

  async stop(): Promise<void> {
    await this.feed.onApplicationShutdown();
    await this.dataSource.destroy();
  }
}

async function eventually(check: () => boolean): Promise<void> {
  const deadline = Date.now() + 10_000;
  while (!check()) {
    if (Date.now() > deadline) throw new Error('It did not happen in time.');
    await sleep(20);
  }
}

describe('the change feed', () => {
  let database: TestDatabase;
  let one: Node;
  let other: Node;

  beforeEach(async () => {
    database = await createTestDatabase();
    one = await Node.start(database.url);
    other = await Node.start(database.url);
  });

  afterEach(async () => {
    await one.stop();
    await other.stop();
    await database.drop();
  });

  it('has a change in force on its own node when the change answers, and soon on the others', async () => {
    await one.set(7);
    expect(one.number).toBe(7);
    await eventually(() => other.number === 7);
  });

  it('hands the changed keys to slots that load item by item', async () => {
    await one.feed.change(
      () => Promise.resolve('x'),
      () => ({ topic: 'test-keyed', key: 'a', by: 'tester', target: 'a' }),
    );
    expect(KEYED.of(one.feed.current)).toEqual(['a']);
    await eventually(() => KEYED.of(other.feed.current).includes('a'));
    expect(other.loads).toContainEqual(['a']);
  });

  it('reloads a change once on the node that made it: its echo does not empty caches again', async () => {
    for (const key of ['a', 'b', 'c']) {
      await one.feed.change(
        () => Promise.resolve(key),
        () => ({ topic: 'test-keyed', key, by: 'tester', target: key }),
      );
    }
    await eventually(() => KEYED.of(other.feed.current).includes('c'));
    await other.set(1);
    await eventually(() => one.number === 1);
    expect(one.loads).toEqual([undefined, ['a'], ['b'], ['c']]);
  });

  it('has a change in force soon on its own node when the connection broke at the very commit', async () => {
    const { dataSource } = one;
    const transaction = dataSource.transaction.bind(dataSource) as (work: unknown) => Promise<unknown>;
    const spy = jest.spyOn(dataSource, 'transaction').mockImplementation(async (work: unknown) => {
      await transaction(work);
      // Saved; the word of it gets lost, and the echo comes first.
      await eventually(() => other.number === 5);
      throw Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' });
    });
    await expect(one.set(5)).rejects.toThrow();
    spy.mockRestore();
    await eventually(() => one.number === 5);
  });

  it('saves nothing and changes nothing in memory when the work throws', async () => {
    await expect(
      one.feed.change(
        async (manager) => {
          await one.store.write(manager, 'number', 9, 'tester', undefined);
          throw new Error('no');
        },
        () => ({ topic: 'test-number', by: 'tester', target: 'number' }),
      ),
    ).rejects.toThrow('no');
    expect(one.number).toBe(0);
    expect((await one.store.read('number', 0)).version).toBe(0);
  });

  it('writes what its listeners write in the same transaction', async () => {
    one.feed.onChange(async () => {
      throw new Error('audit is not possible');
    });
    await expect(one.set(3)).rejects.toThrow('audit is not possible');
    expect((await one.store.read('number', 0)).version).toBe(0);
  });

  it('refuses a save on top of a version that is not the newest', async () => {
    await one.set(1, 0);
    await expect(one.set(2, 0)).rejects.toBeInstanceOf(SettingConflictError);
    await one.set(2, 1);
    expect(one.number).toBe(2);
  });

  it('loses no change of many concurrent ones', async () => {
    await Promise.all(Array.from({ length: 20 }, (_x, i) => (i % 2 ? one : other).set(i)));
    const final = (await one.store.read('number', 0)).value;
    await eventually(() => one.number === final && other.number === final);
    expect((await one.store.read('number', 0)).version).toBe(20);
  });

  it('reloads everything after its listening connection was lost', async () => {
    await other.dataSource.query(
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'restgate-changes' AND datname = current_database()",
    );
    await one.set(11);
    await eventually(() => other.number === 11 && other.feed.listening && one.feed.listening);
  });
});

import { Injectable, Module } from '@nestjs/common';
import { Test, type TestingModule } from '@nestjs/testing';
import { InjectRepository, TypeOrmModule } from '@nestjs/typeorm';
import { DataSource, type Repository } from 'typeorm';
import { ChangeLogEntity } from '../../../src/platform/database/change-log.entity.js';
import { postgresOptions, runMigrations } from '../../../src/platform/database/data-source.js';
import { isDatabaseDown } from '../../../src/platform/database/database.errors.js';
import { DatabaseModule } from '../../../src/platform/database/database.module.js';
import { migrations } from '../../../src/platform/database/migrations.js';
import { createEmptyDatabase, createTestDatabase, type TestDatabase } from '../../support/database.js';
import { query } from '../../support/embedded.js';

@Injectable()
class Changes {
  constructor(@InjectRepository(ChangeLogEntity) readonly repository: Repository<ChangeLogEntity>) {}

  /** Reads at the earliest moment that a provider can. */
  async onModuleInit(): Promise<void> {
    await this.repository.count();
  }
}

@Module({ imports: [TypeOrmModule.forFeature([ChangeLogEntity])], providers: [Changes], exports: [Changes] })
class ChangesModule {}

describe('the database module', () => {
  let database: TestDatabase;
  let app: TestingModule;
  let dataSource: DataSource;

  beforeAll(async () => {
    database = await createEmptyDatabase();
    app = await Test.createTestingModule({
      imports: [DatabaseModule.forRoot({ url: database.url, poolSize: 3 }), ChangesModule],
    }).compile();
    await app.init();
    dataSource = app.get(DataSource);
  });

  afterAll(async () => {
    await app.close();
    await database.drop();
  });

  it('has migrated the database before any provider reads it', async () => {
    const applied = await dataSource.query<{ name: string }[]>('SELECT name FROM migrations ORDER BY id');
    expect(applied.map(({ name }) => name)).toEqual(migrations.map(({ name }) => name));
    await app.get(Changes).repository.save({ topic: 'applications', key: null });
    expect(await app.get(Changes).repository.find()).toMatchObject([{ topic: 'applications', key: null }]);
  });

  it('tells the server who it is and how long a statement may take', async () => {
    const rows = await dataSource.query<object[]>(
      "SELECT current_setting('application_name') AS name, current_setting('statement_timeout') AS statement",
    );
    expect(rows).toEqual([{ name: 'restgate', statement: '30s' }]);
  });

  it('asks for no extension', async () => {
    expect(await dataSource.query("SELECT extname FROM pg_extension WHERE extname <> 'plpgsql'")).toEqual([]);
  });

  it('survives the loss of all its connections and goes on with new ones', async () => {
    await Promise.all([1, 2, 3].map(() => dataSource.query('SELECT pg_sleep(1)')));
    const others = 'pid <> pg_backend_pid() AND datname = current_database()';
    const ended = await query(
      database.url,
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE ${others}`,
    );
    expect(ended).toHaveLength(3);
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(await dataSource.query('SELECT 1 AS one')).toEqual([{ one: 1 }]);
  });

  it('recognises a connection that is ended under a running statement as the database being down', async () => {
    const sleeping = dataSource.query('SELECT pg_sleep(20) /* victim */').catch((error: unknown) => error);
    const victim = "query LIKE '%victim%' AND pid <> pg_backend_pid() AND state = 'active'";
    let ended: object[] = [];
    while (ended.length === 0) {
      ended = await query(
        database.url,
        `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE ${victim}`,
      );
    }
    expect(isDatabaseDown(await sleeping)).toBe(true);
  });

  it('does not take a refused statement for the database being down', async () => {
    // The pool may still hold the connection that was ended above; using it is how it finds out.
    const healthy = (): Promise<boolean> =>
      dataSource.query('SELECT 1').then(
        () => true,
        () => false,
      );
    for (let tries = 0; tries < 5 && !(await healthy()); tries++)
      await new Promise((r) => setTimeout(r, 100));
    const error = await dataSource.query('SELECT 1/0').catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(Error);
    expect(isDatabaseDown(error)).toBe(false);
  });
});

describe('migrating', () => {
  const open = (url: string) => new DataSource(postgresOptions({ url }, () => undefined));

  it('is done by one of several nodes that start at once, while the others wait', async () => {
    const database = await createEmptyDatabase();
    const results = await Promise.all([1, 2, 3, 4].map(() => runMigrations(open(database.url))));
    await database.drop();
    const names = migrations.map(({ name }) => name);
    expect(results.filter(({ length }) => length > 0)).toEqual([names]);
  });

  it('has nothing to do in a copy of the template of the tests', async () => {
    const database = await createTestDatabase();
    expect(await runMigrations(open(database.url))).toEqual([]);
    await database.drop();
  });

  it('says that the database is down when nobody answers', async () => {
    const error = await runMigrations(open('postgres://x:y@127.0.0.1:1/z')).catch(
      (reason: unknown) => reason,
    );
    expect(isDatabaseDown(error)).toBe(true);
  });
});

import { readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { DataSource, getMetadataArgsStorage } from 'typeorm';
import { postgresOptions, runMigrations } from '../../../src/platform/database/data-source.js';
import { createEmptyDatabase, type TestDatabase } from '../../support/database.js';

const source = resolve(__dirname, '../../../src');

/**
 * Statements that TypeORM proposes although nothing is wrong, because it cannot see what a migration made.
 * Each entry says why.
 */
const expected: { statement: RegExp; because: string }[] = [];

type Entity = new () => object;

/** Every class of every `*.entity.ts` below src. */
function allEntities(): Entity[] {
  const files = readdirSync(source, { recursive: true, encoding: 'utf8' }).filter((name) =>
    name.endsWith('.entity.ts'),
  );
  const loaded = files.map((name) => jest.requireActual<Record<string, unknown>>(join(source, name)));
  const tables = new Set(getMetadataArgsStorage().tables.map(({ target }) => target));
  return loaded.flatMap((exported) =>
    Object.values(exported).filter((value) => tables.has(value as Entity)),
  ) as Entity[];
}

describe('the schema that the migrations make', () => {
  let database: TestDatabase;
  let dataSource: DataSource;

  beforeAll(async () => {
    database = await createEmptyDatabase();
    const options = postgresOptions({ url: database.url }, () => undefined);
    dataSource = new DataSource({ ...options, entities: allEntities() });
    await dataSource.initialize();
    await runMigrations(dataSource);
  });

  afterAll(async () => {
    await dataSource.destroy();
    await database.drop();
  });

  // pg warns here of queries at the same time on one client: TypeORM (1.1.1) reads arrays so.
  // Nothing of the product builds schemas.
  it('is the schema that the entities describe', async () => {
    const { upQueries } = await dataSource.driver.createSchemaBuilder().log();
    const drift = upQueries
      .map(({ query }) => query)
      .filter((query) => !expected.some(({ statement }) => statement.test(query)));
    expect(drift).toEqual([]);
  });

  it('has a chosen name for every key, index and check', async () => {
    const rows = await dataSource.query<{ name: string }[]>(
      `SELECT conname AS name FROM pg_constraint
        WHERE connamespace = 'public'::regnamespace AND contype <> 'n' AND conrelid <> 'migrations'::regclass
       UNION SELECT indexname FROM pg_indexes WHERE schemaname = 'public' AND tablename <> 'migrations'`,
    );
    expect(rows.length).toBeGreaterThan(0);
    const automatic = /^(PK|FK|UQ|IDX|CHK|REL)_[0-9a-f]{20,}$|_(pkey|key|idx|fkey|check)\d*$/;
    expect(rows.map(({ name }) => name).filter((name) => automatic.test(name))).toEqual([]);
  });

  it('has an index for every foreign key', async () => {
    const rows = await dataSource.query<{ name: string }[]>(
      `SELECT c.conname AS name FROM pg_constraint c
        WHERE c.contype = 'f' AND c.connamespace = 'public'::regnamespace AND c.conparentid = 0
          AND NOT EXISTS (SELECT 1 FROM pg_index i WHERE i.indrelid = c.conrelid
            AND (i.indkey::int2[])[0:cardinality(c.conkey) - 1] @> c.conkey)`,
    );
    expect(rows).toEqual([]);
  });
});

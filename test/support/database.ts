import { randomBytes } from 'node:crypto';
import { withAdmin } from './test-server.js';

export interface TestDatabase {
  url: string;
  /** Ends all its connections and removes it. */
  drop(): Promise<void>;
}

/** A new database with all migrations applied, for one test or one file. */
export function createTestDatabase(): Promise<TestDatabase> {
  return createDatabase(`TEMPLATE ${given('RESTGATE_TEST_DATABASE_PREFIX')}_template`);
}

/** A new database with nothing in it, for tests of the migrations themselves. */
export function createEmptyDatabase(): Promise<TestDatabase> {
  return createDatabase('TEMPLATE template0');
}

async function createDatabase(template: string): Promise<TestDatabase> {
  const adminUrl = given('RESTGATE_TEST_DATABASE_ADMIN_URL');
  const name = `${given('RESTGATE_TEST_DATABASE_PREFIX')}_${randomBytes(6).toString('hex')}`;
  await withAdmin(adminUrl, (client) => client.query(`CREATE DATABASE ${name} ${template}`));
  const url = new URL(adminUrl);
  url.pathname = `/${name}`;
  const drop = async (): Promise<void> => {
    await withAdmin(adminUrl, (client) => client.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`));
  };
  return { url: url.href, drop };
}

function given(name: string): string {
  const value = process.env[name];
  if (value === undefined) throw new Error(`${name} is not set: jest's global setup has not run`);
  return value;
}

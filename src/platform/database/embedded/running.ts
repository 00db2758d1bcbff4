import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import pg from 'pg';
import { isDatabaseDown } from '../database.errors.js';
import { superuser } from './cluster.js';
import { databaseName } from './server.js';

const connectTimeoutMs = 2_000;

/** The address of the embedded database of a gateway that runs now; undefined when none answers. */
export async function runningDatabaseUrl(dataDir: string): Promise<string | undefined> {
  const pidFile = await textOf(join(dataDir, 'postgres', 'postmaster.pid'));
  const password = await textOf(join(dataDir, 'postgres.password'));
  // The fourth line is the port.
  const port = Number(pidFile?.split('\n')[3]);
  if (password === undefined || !Number.isInteger(port)) return undefined;
  const url = `postgres://${superuser}:${password.trim()}@127.0.0.1:${port}/${databaseName}`;
  return (await answers(url)) ? url : undefined;
}

async function answers(url: string): Promise<boolean> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: connectTimeoutMs });
  try {
    await client.connect();
  } catch (error) {
    if (!isDatabaseDown(error)) throw error;
    // The file of a server that is gone.
    return false;
  }
  await client.end();
  return true;
}

async function textOf(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

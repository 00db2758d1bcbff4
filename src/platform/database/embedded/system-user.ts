import { readFile, stat } from 'node:fs/promises';
import { dirname } from 'node:path';

/** Who PostgreSQL runs as when we are root (it refuses to run as root). */
export interface SystemUser {
  uid: number;
  gid: number;
}

const nobody: SystemUser = { uid: 65534, gid: 65534 };

export function isRoot(): boolean {
  return process.geteuid?.() === 0;
}

/** The user `postgres` if the machine has one, else nobody (65534). */
export async function findPostgresUser(passwdFile = '/etc/passwd'): Promise<SystemUser> {
  return parsePasswd(await readFile(passwdFile, 'utf8')) ?? nobody;
}

export function parsePasswd(text: string): SystemUser | undefined {
  const fields = text
    .split('\n')
    .find((line) => line.startsWith('postgres:'))
    ?.split(':');
  const uid = Number(fields?.[2]);
  const gid = Number(fields?.[3]);
  return uid > 0 && gid > 0 ? { uid, gid } : undefined;
}

/** Whether `user` may pass through every folder down to `path` (mode bits only). */
export async function canEnter(path: string, user: SystemUser): Promise<boolean> {
  const { mode, uid, gid } = await stat(path);
  if (!mayPass(mode, { uid, gid }, user)) return false;
  return dirname(path) === path || canEnter(dirname(path), user);
}

export function mayPass(mode: number, owner: SystemUser, user: SystemUser): boolean {
  if (owner.uid === user.uid) return (mode & 0o100) !== 0;
  if (owner.gid === user.gid) return (mode & 0o010) !== 0;
  return (mode & 0o001) !== 0;
}

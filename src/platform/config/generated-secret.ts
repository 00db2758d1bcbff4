import { randomBytes } from 'node:crypto';
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const SECRET_BYTES = 32;
const OWNER_ONLY = 0o600;

/**
 * The secret in `{dataDir}/{name}`, made there (mode 0600) when the file does not exist. `generated` tells
 * whether it was made now. With `write` false a missing secret is made in memory only.
 */
export function generatedSecret(
  dataDir: string,
  name: string,
  encoding: 'base64' | 'base64url',
  write: boolean,
): { value: string; generated: boolean } {
  const path = join(dataDir, name);
  const stored = readIfPresent(path);
  if (stored !== undefined && stored !== '') {
    if (write) chmodSync(path, OWNER_ONLY);
    return { value: stored, generated: false };
  }
  const value = randomBytes(SECRET_BYTES).toString(encoding);
  if (write) {
    mkdirSync(dataDir, { recursive: true });
    writeFileSync(path, `${value}\n`, { mode: OWNER_ONLY, flag: stored === undefined ? 'wx' : 'w' });
  }
  return { value, generated: true };
}

function readIfPresent(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

import type { Config } from '../../platform/config/config.js';
import { SecretBox } from '../../platform/crypto/secret-box.js';
import { UsageError } from '../command.js';
import type { Output } from '../command.js';
import { requireOwnKey, withDatabase } from '../open-database.js';
import { rotateKeys } from './rotate-keys.js';

const USAGE = `npm run keys -- rotate
Seals every stored secret with ENCRYPTION_KEY. Before: set the new key as ENCRYPTION_KEY and the old one as
ENCRYPTION_KEY_PREVIOUS, and restart every gateway. Afterwards ENCRYPTION_KEY_PREVIOUS is not needed any more.`;

/** `npm run keys`. Exit status 0, or 1 when some value does not open with any configured key. */
export async function keysCommand(
  parameters: readonly string[],
  config: () => Config,
  output: Output,
): Promise<number> {
  if (parameters.length !== 1 || parameters[0] !== 'rotate') throw new UsageError(USAGE);
  const settings = config();
  requireOwnKey(settings);
  const box = new SecretBox(settings.encryptionKeys);
  const { resealed, faults } = await withDatabase(settings, (dataSource) => rotateKeys(dataSource, box));
  output.write(`${resealed} stored secrets were sealed anew with key ${box.currentKeyId}.\n`);
  for (const fault of faults) output.write(`${fault}\n`);
  if (faults.length === 0) output.write('No stored secret needs an earlier key any more.\n');
  return faults.length === 0 ? 0 : 1;
}

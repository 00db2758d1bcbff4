import type { Config } from '../../platform/config/config.js';
import { UsageError } from '../command.js';
import type { Output } from '../command.js';
import { withDatabase } from '../open-database.js';
import { resetAccess } from './reset-access.js';

const MOST_GROUPS = 20;
const LONGEST_GROUP = 255;
const USAGE = `npm run admin -- reset-access [--admin-group NAME]...
Break-glass on the host, for when no admin can get in: empties the admin and auditor groups (or makes NAME the only
admin groups), ends all browser sessions, and sets the IP restrictions to report. Then sign in with ADMIN_TOKEN.`;

/** `npm run admin`. Throws `UsageError` for what is not `reset-access` with its options. */
export async function adminCommand(
  parameters: readonly string[],
  config: () => Config,
  output: Output,
): Promise<number> {
  const [verb, ...options] = parameters;
  if (verb !== 'reset-access') throw new UsageError(USAGE);
  const groups = adminGroupsOf(options);
  const report = await withDatabase(config(), (dataSource) => resetAccess(dataSource, groups));
  for (const line of report) output.write(`${line}\n`);
  output.write('Sign in with ADMIN_TOKEN; a generated one is in DATA_DIR/admin.token.\n');
  return 0;
}

function adminGroupsOf(options: readonly string[]): string[] {
  const groups: string[] = [];
  for (let i = 0; i < options.length; i += 2) {
    const name = options[i + 1]?.trim() ?? '';
    const valid = options[i] === '--admin-group' && name !== '' && name.length <= LONGEST_GROUP;
    if (!valid) throw new UsageError(USAGE);
    groups.push(name);
  }
  if (groups.length > MOST_GROUPS) throw new UsageError(USAGE);
  return groups;
}

import 'reflect-metadata';
import { join } from 'node:path';
import { readConfig } from '../platform/config/read-config.js';
import { runCommand } from './command.js';
import { adminCommand } from './admin/admin-command.js';

const installDir = join(import.meta.dirname, '..', '..', '..');

runCommand(() =>
  adminCommand(
    process.argv.slice(2),
    () => readConfig({ installDir, writeGenerated: false }),
    process.stdout,
  ),
);

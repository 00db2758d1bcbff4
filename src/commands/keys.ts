import 'reflect-metadata';
import { join } from 'node:path';
import { readConfig } from '../platform/config/read-config.js';
import { runCommand } from './command.js';
import { keysCommand } from './keys/keys-command.js';

const installDir = join(import.meta.dirname, '..', '..', '..');

runCommand(() =>
  keysCommand(process.argv.slice(2), () => readConfig({ installDir, writeGenerated: false }), process.stdout),
);

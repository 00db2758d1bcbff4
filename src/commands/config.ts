import { readClientConfig } from '../platform/config/read-client-config.js';
import { runCommand } from './command.js';
import { configCommand } from './config/config-command.js';

runCommand(() => configCommand(process.argv.slice(2), () => readClientConfig(), process.stdout));

import { join } from 'node:path';
import { behavesAsClient } from '../../support/clients/client-behaviour.js';
import { programClient } from '../../support/clients/client.js';

behavesAsClient(
  'jira.js',
  programClient(process.execPath, join(__dirname, '../../support/clients/jira-js.mjs')),
);

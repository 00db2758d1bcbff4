import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isInstalled, runClient } from '../../support/client-world.js';
import { behavesAsClient } from '../../support/clients/client-behaviour.js';
import { fetchClient, httpClient } from '../../support/clients/http-client.js';

const folder = mkdtempSync(join(tmpdir(), 'restgate-curl-'));
const upload = join(folder, 'notes.bin');
const download = join(folder, 'answer');

afterAll(() => rmSync(folder, { recursive: true, force: true }));

const curl = httpClient(async ({ method, url, authorization, json, file }) => {
  const arguments_ = [
    '--silent',
    '--show-error',
    '--request',
    method,
    '--header',
    `Authorization: ${authorization}`,
  ];
  arguments_.push('--output', download, '--write-out', '%{http_code}');
  if (json !== undefined)
    arguments_.push('--header', 'Content-Type: application/json', '--data', JSON.stringify(json));
  if (file) {
    writeFileSync(upload, file);
    arguments_.push(
      '--header',
      'X-Atlassian-Token: no-check',
      '--header',
      'Expect: 100-continue',
      '--form',
      `file=@${upload}`,
    );
  }
  const { code, stdout, stderr } = await runClient('curl', [...arguments_, url], { env: { NO_PROXY: '*' } });
  if (code !== 0) throw new Error(`curl ended with ${code}: ${stderr}`);
  return { status: Number(stdout), body: await readFile(download) };
});

if (isInstalled('curl', ['--version'])) behavesAsClient('curl', curl);
else behavesAsClient('fetch in place of curl, which is not installed here,', fetchClient);

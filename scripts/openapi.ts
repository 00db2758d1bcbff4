/**
 * Writes docs/openapi.json from the built product, or with `--check` says whether it is up to date. The build
 * is needed because the Swagger plugin of `nest build` reads types and comments. No database is touched.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { pino } from 'pino';
import type * as AppModuleFile from '../src/app.module.js';
import type { Config } from '../src/platform/config/config.js';
import type * as DocumentFile from '../src/platform/openapi/open-api-document.js';

const ROOT = join(import.meta.dirname, '..');
const TARGET = join(ROOT, 'docs', 'openapi.json');

async function built<T>(path: string): Promise<T> {
  const file = join(ROOT, 'dist', 'src', path);
  if (!existsSync(file)) throw new Error(`${file} is missing: run npm run build first.`);
  return (await import(pathToFileURL(file).href)) as T;
}

async function currentText(): Promise<string> {
  const { AppModule } = await built<typeof AppModuleFile>('app.module.js');
  const { buildOpenApiDocument, openApiText } = await built<typeof DocumentFile>(
    'platform/openapi/open-api-document.js',
  );
  const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { version: string };
  // Preview mode reads decorators only: nothing is instantiated, so the configuration is never looked at.
  const module = AppModule.forRoot({ version } as Config, 'postgres://unused', pino({ level: 'silent' }));
  const app = await NestFactory.create(module, new FastifyAdapter(), {
    preview: true,
    abortOnError: false,
    logger: false,
  });
  return openApiText(buildOpenApiDocument(app, version));
}

/** The first line that differs, for a reader who wonders what changed. */
function firstDifference(committed: string, current: string): string {
  const [old, now] = [committed.split('\n'), current.split('\n')];
  const line = now.findIndex((text, i) => text !== old[i]);
  return `line ${line + 1}:\n- ${old[line] ?? ''}\n+ ${now[line] ?? ''}`;
}

const text = await currentText();
if (!process.argv.includes('--check')) {
  writeFileSync(TARGET, text);
  process.stdout.write(
    `docs/openapi.json is written (${Object.keys((JSON.parse(text) as { paths: object }).paths).length} paths).\n`,
  );
} else {
  const committed = existsSync(TARGET) ? readFileSync(TARGET, 'utf8') : '';
  if (committed !== text) {
    process.stderr.write(
      `docs/openapi.json is out of date; run npm run openapi. ${firstDifference(committed, text)}\n`,
    );
    process.exit(1);
  }
  process.stdout.write('docs/openapi.json is up to date.\n');
}
process.exit(0);

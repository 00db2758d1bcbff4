import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ConfigurationError, readConfig } from '../../../src/platform/config/read-config.js';
import { VARIABLES } from '../../../src/platform/config/variables.js';
import type { Config } from '../../../src/platform/config/config.js';

const KEY = Buffer.alloc(32, 1).toString('base64');

describe('the configuration', () => {
  let dir: string;
  const read = (env: Record<string, string>, write = true): Config =>
    readConfig({ installDir: process.cwd(), writeGenerated: write }, { DATA_DIR: dir, ...env });
  const faults = (env: Record<string, string>): readonly string[] => {
    try {
      read(env);
    } catch (error) {
      if (error instanceof ConfigurationError) return error.faults;
      throw error;
    }
    return [];
  };

  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'restgate-config-'));
  });

  afterEach(() => rmSync(dir, { recursive: true, force: true }));

  it('starts with no variable set', () => {
    const config = read({});
    expect(config).toMatchObject({
      host: '127.0.0.1',
      port: 8080,
      controlPort: undefined,
      publicUrl: 'http://localhost:8080',
      logLevel: 'info',
    });
    expect(config.databaseUrl).toBeUndefined();
    expect(config.encryptionKeys[0]).toHaveLength(32);
  });

  it('generates the key and the admin token once, readable by the owner only', () => {
    const first = read({});
    const second = read({});
    expect(first.adminTokenGenerated).toBe(true);
    expect(second.adminTokenGenerated).toBe(false);
    expect(second.adminToken).toBe(first.adminToken);
    expect(second.encryptionKeys[0]).toEqual(first.encryptionKeys[0]);
    for (const name of ['admin.token', 'encryption.key'])
      expect(statSync(join(dir, name)).mode & 0o777).toBe(0o600);
    expect(readFileSync(join(dir, 'admin.token'), 'utf8').trim()).toBe(first.adminToken);
  });

  it('writes nothing when it only checks', () => {
    read({}, false);
    expect(() => statSync(join(dir, 'admin.token'))).toThrow('ENOENT');
  });

  it('lists every fault in one message', () => {
    const all = faults({
      PORT: 'eighty',
      CONTROL_PORT: '70000',
      PUBLIC_URL: 'gateway',
      DATABASE_URL: 'mysql://root:geheim@db/x',
      REDIS_URL: 'http://redis',
      ENCRYPTION_KEY: 'short',
      ADMIN_TOKEN: 'short',
      RESTGATE_CONFIG: '/does/not/exist.yaml',
      LOG_LEVEL: 'loud',
      LOG_FORMAT: 'xml',
      METRICS_PUBLIC: 'yes',
      JIRA_URL: 'ftp://jira',
    });
    expect(all).toHaveLength(12);
    for (const name of [
      'PORT',
      'CONTROL_PORT',
      'PUBLIC_URL',
      'DATABASE_URL',
      'REDIS_URL',
      'ENCRYPTION_KEY',
      'ADMIN_TOKEN',
      'RESTGATE_CONFIG',
      'LOG_LEVEL',
      'LOG_FORMAT',
      'METRICS_PUBLIC',
      'JIRA_URL',
    ]) {
      expect(all.some((fault) => fault.startsWith(name))).toBe(true);
    }
  });

  it('repeats no value that may hold a secret', () => {
    const text = faults({
      DATABASE_URL: 'mysql://root:geheim@db/x',
      ENCRYPTION_KEY: 'geheim',
      ADMIN_TOKEN: 'geheim',
    }).join();
    expect(text).not.toContain('geheim');
  });

  it('demands an encryption key beside an external database', () => {
    expect(faults({ DATABASE_URL: 'postgres://db/x' })).toEqual([
      expect.stringMatching(/^ENCRYPTION_KEY is required/),
    ]);
    expect(faults({ DATABASE_URL: 'postgres://db/x', ENCRYPTION_KEY: KEY })).toEqual([]);
  });

  it('traces nowhere unless a collector is named', () => {
    expect(read({}).tracing).toBeUndefined();
    const named = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector:4318/' };
    expect(read({ ...named, OTEL_SDK_DISABLED: 'true' }).tracing).toBeUndefined();
    expect(
      read({ ...named, OTEL_EXPORTER_OTLP_HEADERS: 'authorization=Basic%20abc%3D, x=1' }).tracing,
    ).toEqual({
      url: 'http://collector:4318/v1/traces',
      headers: { authorization: 'Basic abc=', x: '1' },
      serviceName: 'restgate',
      sampler: 'parentbased_always_on',
      samplerRatio: 1,
    });
    const traces = { ...named, OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'https://traces.example/in' };
    expect(read(traces).tracing?.url).toBe('https://traces.example/in');
  });

  it('names what is wrong with tracing, but never a header for the collector', () => {
    const found = faults({
      OTEL_EXPORTER_OTLP_ENDPOINT: 'collector:4318',
      OTEL_EXPORTER_OTLP_HEADERS: 'secret',
      OTEL_TRACES_SAMPLER: 'sometimes',
      OTEL_TRACES_SAMPLER_ARG: '2',
    });
    expect(found).toHaveLength(4);
    expect(found.join()).not.toContain('"secret"');
    for (const headers of ['x=%ZZ', 'x=a%0d%0aEvil: 1', '=1'])
      expect(faults({ OTEL_EXPORTER_OTLP_HEADERS: headers })).toHaveLength(1);
  });

  it('takes an empty ENCRYPTION_KEY for none: replicas would each make their own', () => {
    const database = { DATABASE_URL: 'postgres://user:password@host/restgate' };
    for (const key of ['', '  '])
      expect(faults({ ...database, ENCRYPTION_KEY: key })).toEqual([
        expect.stringContaining('ENCRYPTION_KEY is required'),
      ]);
  });

  it('is frozen', () => {
    expect(Object.isFrozen(read({}))).toBe(true);
  });

  it('documents every variable that it reads, and reads every one that it documents', () => {
    const source = ['read-config.ts', 'tracing-config.ts', 'generated-secret.ts', 'environment-reader.ts']
      .map((file) => readFileSync(join(process.cwd(), 'src/platform/config', file), 'utf8'))
      .join('\n');
    const used = new Set(
      [
        ...source.matchAll(
          /env\.(?:text|port|integer|flag|oneOf|list|url|file|key|keys|pairs|ratio)(?:<[^(]*>)?\(\s*'([A-Z_]+)'/g,
        ),
      ].map((match) => match[1]),
    );
    expect([...used].sort()).toEqual(VARIABLES.map(({ name }) => name).sort());
  });
});

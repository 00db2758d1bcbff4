import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runClient } from '../../support/client-world.js';
import type { Finished } from '../../support/client-world.js';
import { connectProvider, startWorld } from '../../support/world.js';
import type { World } from '../../support/world.js';
import { TEST_ADMIN_TOKEN } from '../../support/restgate.js';

const NEWMAN = 'node_modules/newman/bin/newman.js';
const COLLECTION = 'docs/postman/restgate.postman_collection.json';
const ENVIRONMENT = 'docs/postman/restgate.postman_environment.json';

interface Failure {
  readonly source: { readonly name: string };
  readonly error: { readonly message: string };
}

interface Report {
  readonly run: {
    readonly stats: Record<'requests' | 'assertions', { readonly total: number; readonly failed: number }>;
    readonly failures: readonly Failure[];
  };
}

interface Item {
  readonly item?: readonly Item[];
}

const countRequests = ({ item }: Item): number =>
  item === undefined ? 1 : item.reduce((sum, each) => sum + countRequests(each), 0);

describe('the Postman collection', () => {
  let world: World;
  let providerId: string;
  let folder: string;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'restgate-postman-'));
    world = await startWorld({ withoutProvider: true });
    ({ id: providerId } = await connectProvider(world.gateway, world.provider, 'jwt'));
    await world.gateway.admin.call('PATCH', `/providers/${providerId}`, {
      parameters: { resource: world.provider.resource },
    });
  }, 60_000);
  afterAll(async () => {
    await world?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  const run = async (more: Record<string, string>): Promise<{ report: Report; finished: Finished }> => {
    const file = join(folder, 'report.json');
    const values = Object.entries(more).flatMap(([key, value]) => ['--env-var', `${key}=${value}`]);
    const reporters = ['--reporters', 'cli,json', '--reporter-json-export', file];
    const finished = await runClient(
      process.execPath,
      [
        NEWMAN,
        'run',
        COLLECTION,
        '-e',
        ENVIRONMENT,
        ...values,
        ...reporters,
        '--disable-unicode',
        '--color',
        'off',
      ],
      { cwd: process.cwd(), env: { HOME: folder, NODE_NO_WARNINGS: '1' } },
    );
    return { report: JSON.parse(readFileSync(file, 'utf8')) as Report, finished };
  };

  const given = async (): Promise<Record<string, string>> => ({
    gatewayUrl: world.gateway.url,
    adminUrl: world.gateway.url,
    username: 'alice',
    password: 'alice-password',
    providerId,
    adminToken: TEST_ADMIN_TOKEN,
    accessToken: await world.tokenOf('alice'),
  });

  it('runs from its first request to its last with every assertion true', async () => {
    const { report, finished } = await run(await given());
    const failures = report.run.failures.map(({ source, error }) => `${source.name}: ${error.message}`);
    expect(failures).toEqual([]);
    expect(finished.code).toBe(0);
    const wanted = countRequests(JSON.parse(readFileSync(COLLECTION, 'utf8')) as Item);
    expect(report.run.stats.requests).toMatchObject({ total: wanted, failed: 0 });
    expect(report.run.stats.assertions.total).toBeGreaterThan(wanted);
  }, 90_000);

  it('fails where the gateway does not let the user in', async () => {
    const { report, finished } = await run({
      ...(await given()),
      accessToken: await world.tokenOf('stranger'),
    });
    expect(finished.code).toBe(1);
    expect(report.run.failures.map(({ source }) => source.name)).toContain(
      'With an access token of the provider',
    );
  }, 90_000);

  it('carries no secret of its own', () => {
    const { values } = JSON.parse(readFileSync(ENVIRONMENT, 'utf8')) as {
      values: { key: string; value: string; type: string }[];
    };
    expect(values.filter(({ type, value }) => type === 'secret' && value !== '')).toEqual([]);
    expect(values.filter(({ type }) => type === 'secret').map(({ key }) => key)).toEqual([
      'password',
      'adminToken',
      'accessToken',
    ]);
  });
});

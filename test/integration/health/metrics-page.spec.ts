import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Registry } from 'prom-client';
import { METRICS } from '../../../src/platform/metrics/metrics.js';
import { startWholeApp } from '../../support/control-plane/whole-app.js';

const PAGE = join(process.cwd(), 'docs/metrics.md');
const DASHBOARD = join(process.cwd(), 'deploy/grafana/restgate.json');
const OF_NODE = /^restgate_(process|nodejs)_/;
const INTRODUCTION = `# Metrics
\`/restgate/metrics\` in the Prometheus text format. It needs an admin or auditor credential unless
\`METRICS_PUBLIC=true\`. Labels are bounded: never paths, users, tokens or addresses. Besides these there are the
usual metrics of the process and of Node.js (\`restgate_process_*\`, \`restgate_nodejs_*\`).
\`deploy/grafana/restgate.json\` is a dashboard.
`;

interface Described {
  name: string;
  type: string;
  help: string;
  labels: string;
}

let metrics: Described[];

beforeAll(async () => {
  // Redis is away here: its metrics are there all the same.
  const app = await startWholeApp({ redisUrl: 'redis://127.0.0.1:1' });
  try {
    const registry = app.restgate.app.get<Registry>(METRICS);
    metrics = registry.getMetricsAsArray().map(described);
  } finally {
    await app.close();
  }
});

function described(metric: object): Described {
  const {
    name,
    type,
    help,
    labelNames = [],
  } = metric as Omit<Described, 'labels'> & { labelNames?: string[] };
  return { name, type: String(type), help, labels: labelNames.map((label) => `\`${label}\``).join(', ') };
}

function page(): string {
  const rows = metrics
    .filter(({ name }) => !OF_NODE.test(name))
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .map(({ name, type, labels, help }) => `| \`${name}\` | ${type} | ${labels || '-'} | ${help} |`);
  return `${INTRODUCTION}\n| metric | type | labels | meaning |\n| --- | --- | --- | --- |\n${rows.join('\n')}\n`;
}

/** Without what a formatter may do to the page. */
const bare = (text: string): string =>
  text.replace(/ +/g, ' ').replace(/-{3,}/g, '---').replace(/\n+/g, '\n');

describe('metrics', () => {
  it('are all in docs/metrics.md (write it with UPDATE_METRICS_PAGE=1)', () => {
    if (process.env['UPDATE_METRICS_PAGE'] === '1') writeFileSync(PAGE, page());
    expect(bare(existsSync(PAGE) ? readFileSync(PAGE, 'utf8') : '')).toBe(bare(page()));
  });

  it('are named by the convention: restgate_, base units, counters end in _total', () => {
    const own = metrics.filter(({ name }) => !OF_NODE.test(name));
    expect(own.filter(({ name }) => !/^restgate_[a-z][a-z_]*[a-z]$/.test(name))).toEqual([]);
    expect(own.filter(({ name, type }) => (type === 'counter') !== name.endsWith('_total'))).toEqual([]);
    expect(own.filter(({ name }) => /_(ms|milliseconds|kb|mb)$/.test(name))).toEqual([]);
  });

  it('exist, every one that the dashboard asks for', () => {
    const dashboard = JSON.parse(readFileSync(DASHBOARD, 'utf8')) as {
      panels: { title: string; targets?: { expr: string }[] }[];
    };
    const asked = dashboard.panels.flatMap(({ targets = [] }) =>
      targets.flatMap(({ expr }) => expr.match(/restgate_[a-z0-9_]+/g) ?? []),
    );
    const known = new Set(metrics.map(({ name }) => name));
    expect(asked.length).toBeGreaterThan(8);
    expect(asked.filter((name) => !known.has(name.replace(/_(bucket|sum|count)$/, '')))).toEqual([]);
  });
});

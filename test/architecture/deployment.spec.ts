import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { VARIABLES } from '../../src/platform/config/variables.js';
import { DEFAULT_AUDIT_SETTINGS } from '../../src/modules/audit/audit-settings.port.js';
import { renderChart } from '../support/helm/chart.js';
import type { Manifest } from '../support/helm/chart.js';

const CHART = 'deploy/helm/restgate';
const KNOWN: ReadonlySet<string> = new Set(VARIABLES.map(({ name }) => name));
const SECRETS = ['DATABASE_URL', 'ENCRYPTION_KEY', 'ENCRYPTION_KEY_PREVIOUS', 'ADMIN_TOKEN', 'REDIS_URL'];
/** Node's own. */
const FOREIGN = new Set(['NODE_ENV']);
const ROUTES = readFileSync('test/architecture/access-table.txt', 'utf8');

interface Probe {
  readonly httpGet: { readonly path: string; readonly port: string };
}

interface Container {
  readonly image: string;
  readonly env: { readonly name: string; readonly value?: string; readonly valueFrom?: object }[];
  readonly ports: { readonly name: string; readonly containerPort: number }[];
  readonly securityContext: object;
  readonly volumeMounts: { readonly name: string; readonly mountPath: string }[];
  readonly startupProbe: Probe;
  readonly livenessProbe: Probe;
  readonly readinessProbe: Probe;
}

interface Pod {
  readonly containers: [Container];
  readonly securityContext: object;
  readonly terminationGracePeriodSeconds: number;
  readonly automountServiceAccountToken: boolean;
  readonly volumes: { readonly name: string; readonly emptyDir?: { readonly sizeLimit: string } }[];
  readonly nodeSelector?: object;
}

interface DeploymentSpec {
  readonly replicas: number;
  readonly selector: { readonly matchLabels: object };
  readonly template: { readonly metadata: { readonly labels: object }; readonly spec: Pod };
}

function deploymentOf(manifests: readonly Manifest[]): DeploymentSpec {
  return manifests.find(({ kind }) => kind === 'Deployment')?.spec as DeploymentSpec;
}

const valuesOf = ({ env }: Container): Record<string, string | undefined> =>
  Object.fromEntries(env.map(({ name, value }) => [name, value]));

describe('the Helm chart', () => {
  const manifests = renderChart(CHART);
  const deployment = deploymentOf(manifests);
  const pod = deployment.template.spec;
  const [container] = pod.containers;

  it('renders what an installation needs', () => {
    expect(manifests.map(({ kind, metadata }) => `${kind} ${metadata.name}`).sort()).toEqual([
      'Deployment prod-restgate',
      'PodDisruptionBudget prod-restgate',
      'Service prod-restgate',
      'Service prod-restgate-control',
    ]);
    expect(deployment.replicas).toBe(2);
    const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string };
    expect(container.image).toBe(`restgate:${version}`);
  });

  it('selects its own pods everywhere', () => {
    const { labels } = deployment.template.metadata;
    expect(labels).toMatchObject(deployment.selector.matchLabels);
    for (const { kind, spec } of manifests.filter(({ kind }) => kind !== 'Deployment')) {
      const { selector } = spec as { selector: { matchLabels?: object } };
      expect([kind, labels]).toEqual([kind, expect.objectContaining(selector.matchLabels ?? selector)]);
    }
  });

  it('opens the ports that the product listens on, and its Services lead to them', () => {
    const env = valuesOf(container);
    expect(container.ports).toEqual([
      { name: 'data', containerPort: Number(env['PORT']) },
      { name: 'control', containerPort: Number(env['CONTROL_PORT']) },
    ]);
    const targets = manifests
      .filter(({ kind }) => kind === 'Service')
      .flatMap(({ spec }) => (spec as { ports: { targetPort: string }[] }).ports);
    expect(targets.map(({ targetPort }) => targetPort)).toEqual(['data', 'control']);
  });

  it('probes paths that exist, on the control plane', () => {
    for (const probe of [container.startupProbe, container.livenessProbe, container.readinessProbe]) {
      expect(probe.httpGet.port).toBe('control');
      expect(ROUTES).toMatch(new RegExp(`^GET +${probe.httpGet.path} +public$`, 'm'));
    }
    expect(container.livenessProbe.httpGet.path).not.toContain('ready');
  });

  it('runs without rights: not as root, nothing writable but its volumes, no capability, no cluster token', () => {
    expect(pod.securityContext).toMatchObject({
      runAsNonRoot: true,
      runAsUser: 10001,
      seccompProfile: { type: 'RuntimeDefault' },
    });
    expect(container.securityContext).toEqual({
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    });
    expect(pod.automountServiceAccountToken).toBe(false);
    const mounted = container.volumeMounts.map(({ mountPath }) => mountPath);
    expect(mounted).toEqual([valuesOf(container)['DATA_DIR'], '/tmp']);
  });

  it('sets only variables that the product reads, and secrets only from a Secret', () => {
    expect(container.env.filter(({ name }) => !KNOWN.has(name))).toEqual([]);
    for (const { name, value, valueFrom } of container.env.filter((each) => SECRETS.includes(each.name))) {
      expect([name, value, valueFrom]).toEqual([name, undefined, expect.objectContaining({})]);
    }
    const names = container.env.map(({ name }) => name);
    expect(names).toEqual(expect.arrayContaining(SECRETS));
    expect(new Set(names).size).toBe(names.length);
  });

  it('gives a pod longer to stop than the product takes, and more room than waiting audit events fill', () => {
    expect(pod.terminationGracePeriodSeconds).toBeGreaterThan(
      Number(valuesOf(container)['SHUTDOWN_GRACE_SECONDS']),
    );
    const room = pod.volumes.find(({ name }) => name === 'data')?.emptyDir?.sizeLimit ?? '';
    expect(Number.parseFloat(room) * 1024).toBeGreaterThan(DEFAULT_AUDIT_SETTINGS.spill.maxMegabytes);
  });

  it('takes variables, a configuration and where to run from its values', () => {
    const configuration = { formatVersion: 1, globalSettings: { adminGroups: ['ops: "quoted"'] } };
    const other = renderChart(CHART, {
      configuration,
      env: { LOG_LEVEL: 'debug', METRICS_PUBLIC: true },
      nodeSelector: { disk: 'ssd' },
      imagePullSecrets: [{ name: 'registry' }],
    });
    const { spec } = deploymentOf(other).template;
    expect(valuesOf(spec.containers[0])).toMatchObject({
      LOG_LEVEL: 'debug',
      METRICS_PUBLIC: 'true',
      RESTGATE_CONFIG: '/etc/restgate/configuration.yaml',
    });
    const map = other.find(({ kind }) => kind === 'ConfigMap');
    expect(parse(map?.data?.['configuration.yaml'] ?? '')).toEqual(configuration);
    expect(spec).toMatchObject({ nodeSelector: { disk: 'ssd' }, imagePullSecrets: [{ name: 'registry' }] });
  });
});

describe('the container image', () => {
  const dockerfile = readFileSync('docker/Dockerfile', 'utf8');
  const ignored = readFileSync('.dockerignore', 'utf8').split('\n').filter(Boolean);

  it('copies only what there is, and what the build context holds', () => {
    const copies = [...dockerfile.matchAll(/^COPY (?!--from)(.+)$/gm)];
    const sources = copies.flatMap(([, list]) => (list as string).trim().split(/\s+/).slice(0, -1));
    expect(sources.length).toBeGreaterThan(5);
    expect(sources.filter((source) => !existsSync(source) || ignored.includes(source))).toEqual([]);
    expect(ignored).toEqual(expect.arrayContaining(['.git', 'data', 'docker/.env']));
  });

  it('holds every script that the product starts', () => {
    const used = readFileSync('src/platform/database/embedded/server.ts', 'utf8').match(/[\w-]+\.mjs/g) ?? [];
    expect(used.length).toBeGreaterThan(0);
    for (const script of used) expect(dockerfile).toContain(`scripts/${script}`);
  });

  it('runs as nobody special, starts what npm start starts, and asks for its own health', () => {
    expect(dockerfile).toMatch(/^USER 10001:10001$/m);
    const { scripts } = JSON.parse(readFileSync('package.json', 'utf8')) as { scripts: { start: string } };
    expect(dockerfile).toContain(`CMD ${JSON.stringify(scripts.start.split(' ')).replaceAll(',', ', ')}`);
    const path = /\}(\/restgate\/[a-z/]+)`/.exec(dockerfile)?.[1] ?? '';
    expect(ROUTES).toMatch(new RegExp(`^GET +${path} +public$`, 'm'));
    const variables = [...(/^ENV (.+)$/m.exec(dockerfile)?.[1] ?? '').matchAll(/([A-Z_]+)=/g)];
    expect(
      variables
        .map(([, name]) => name)
        .filter((name) => !KNOWN.has(name as string) && !FOREIGN.has(name as string)),
    ).toEqual([]);
  });
});

describe('the compose file', () => {
  const text = readFileSync('docker/compose.yaml', 'utf8');
  const { services } = parse(text) as {
    services: Record<string, Record<string, unknown> & { environment?: Record<string, string> }>;
  };

  it('starts the gateway without rights, on variables that it reads', () => {
    const { restgate } = services;
    expect(restgate).toMatchObject({
      read_only: true,
      cap_drop: ['ALL'],
      security_opt: ['no-new-privileges:true'],
    });
    expect(Object.keys(restgate?.environment ?? {}).filter((name) => !KNOWN.has(name))).toEqual([]);
    const build = restgate?.['build'] as { context: string; dockerfile: string };
    expect(existsSync(join('docker', build.context, build.dockerfile))).toBe(true);
  });

  it('holds no secret: each comes from docker/.env, which the example names and git ignores', () => {
    const example = readFileSync('docker/.env.example', 'utf8');
    const asked = [...text.matchAll(/\$\{([A-Z_]+)/g)].map(([, name]) => name as string);
    expect(asked.filter((name) => !new RegExp(`^(# )?${name}=`, 'm').test(example))).toEqual([]);
    expect(example).not.toMatch(/^(POSTGRES_PASSWORD|ENCRYPTION_KEY|ADMIN_TOKEN)=.+$/m);
    expect(readFileSync('.gitignore', 'utf8')).toMatch(/\.env$/m);
  });
});

import { pino } from 'pino';
import type { DryRunRequest, GatewayPipeline } from '../../../src/modules/decisions/decisions.port.js';
import { DryRunService } from '../../../src/modules/decisions/dry-run.service.js';
import type { AssumedUser } from '../../../src/modules/decisions/dry-run.service.js';
import type { Exchange, StepResult } from '../../../src/modules/decisions/exchange.port.js';
import { deny, forwardNow, PipelineGuard } from '../../../src/modules/decisions/pipeline.port.js';
import type { StepName } from '../../../src/modules/decisions/pipeline.port.js';
import { PipelineRegistry } from '../../../src/modules/decisions/pipeline-registry.service.js';
import { verdictOf } from '../../../src/modules/decisions/verdict.policy.js';
import { DirectoryUnavailableError } from '../../../src/modules/directory/directory.port.js';
import type { IdentityPort } from '../../../src/modules/identity/identity.port.js';
import { exchange, user } from '../../factories/exchange.js';

const request: DryRunRequest = {
  method: 'GET',
  target: '/jira/x',
  host: 'gw',
  rawHeaders: [],
  clientIp: '::1',
};
const acts: IdentityPort = { actAs: () => ({ target: '/x', headers: [] }) };
const oauth = { kind: 'oauth', form: 'bearer', secret: 'top-secret' } as const;

class Step extends PipelineGuard {
  constructor(
    readonly step: StepName,
    private readonly does: (asked: Exchange) => StepResult | Promise<StepResult>,
  ) {
    super();
  }

  decide(asked: Exchange): StepResult | Promise<StepResult> {
    return this.does(asked);
  }
}

function service(
  steps: readonly PipelineGuard[],
  identity = acts,
  change: Partial<Exchange> = {},
): DryRunService {
  const registry = new PipelineRegistry();
  const pipeline: GatewayPipeline = { steps, dryRun: () => exchange({ dryRun: true, ...change }) };
  registry.register(pipeline);
  return new DryRunService(registry, identity, pino({ level: 'silent' }));
}

const authenticates = new Step('authentication', (asked) => {
  asked.credential = oauth;
  asked.principal = user({ groups: ['staff'] });
  return undefined;
});
const allows = new Step('allowed', () => forwardNow('forwarded'));
const never = new Step('rate-limit', () => {
  throw new Error('must not run');
});

describe('a dry run', () => {
  it('runs the registered steps in their order and tells what each said', async () => {
    const { steps, exchange: asked } = await service([
      new Step('address', () => undefined),
      authenticates,
      allows,
    ]).run(request);
    expect(steps.map(({ step, outcome }) => `${step}: ${outcome}`)).toEqual([
      'framing: continue',
      'address: continue',
      'authentication: continue',
      'allowed: forward',
      'identity: forward',
    ]);
    expect(verdictOf(asked.decision)).toMatchObject({ decision: 'forward', kind: 'forwarded', reason: null });
    expect(JSON.stringify(steps)).not.toContain('top-secret');
  });

  it('ends at the step that refuses', async () => {
    const refuses = new Step('permission', () =>
      Promise.resolve(deny('group_not_allowed', { detail: 'why' })),
    );
    const { steps, exchange: asked } = await service([refuses, never]).run(request);
    expect(steps.at(-1)).toEqual({
      step: 'permission',
      outcome: 'deny',
      reason: 'group_not_allowed',
      detail: 'why',
    });
    expect(verdictOf(asked.decision)).toMatchObject({
      decision: 'deny',
      reason: 'group_not_allowed',
      status: 403,
    });
  });

  it('ends at the step that forwards', async () => {
    const { steps } = await service([new Step('bypass', () => forwardNow('bypassed')), never]).run(request);
    expect(steps.at(-1)).toMatchObject({ step: 'bypass', outcome: 'forward' });
  });

  it('tells what framing refused, with its own status, and runs nothing', async () => {
    const decision = deny('malformed_request', { status: 405, detail: 'TRACE is not served' });
    const { steps, exchange: asked } = await service([never], acts, { decision }).run(request);
    expect(steps).toEqual([
      { step: 'framing', outcome: 'deny', reason: 'malformed_request', detail: 'TRACE is not served' },
    ]);
    expect(verdictOf(asked.decision)).toMatchObject({ status: 405 });
  });

  it.each([
    [new DirectoryUnavailableError('The directory is away'), 'directory_unavailable'],
    [new Error('secret in a message'), 'internal_error'],
  ])('refuses, as the data plane does, when a step fails: %s', async (error, reason) => {
    const fails = new Step('authentication', () => {
      throw error;
    });
    const { steps } = await service([fails, never]).run(request);
    expect(steps.at(-1)).toMatchObject({ step: 'authentication', outcome: 'deny', reason });
    expect(JSON.stringify(steps)).not.toContain('secret in a message');
  });

  it('tells which rules in report mode would have refused', async () => {
    const watches = new Step('permission', (asked) => {
      (asked.wouldDeny ??= []).push('read_only_user');
      return undefined;
    });
    const { steps } = await service([watches]).run(request);
    expect(steps[1]?.detail).toContain('Would deny (read_only_user)');
  });

  it('tells when there is no way to act as the user', async () => {
    const identity: IdentityPort = { actAs: () => deny('identity_not_configured', { detail: 'no mode' }) };
    const { steps, exchange: asked } = await service([authenticates, allows], identity).run(request);
    expect(steps.at(-1)).toEqual({
      step: 'identity',
      outcome: 'deny',
      reason: 'identity_not_configured',
      detail: 'no mode',
    });
    expect(asked.decision).toMatchObject({ verdict: 'deny' });
  });
});

describe('a dry run for a user without credential', () => {
  const assumed = (found: AssumedUser['found']): AssumedUser => ({
    found,
    credential: { kind: 'oauth', form: 'bearer', secret: '' },
    note: 'Assumed.',
  });
  const steps = [
    new Step('credential', () => deny('unsupported_credential')),
    new Step('public-api', () => deny('authentication_required')),
    new Step('authentication', () => deny('token_unknown')),
    allows,
  ];

  it('skips the steps that need a credential and says so', async () => {
    const { steps: reports, exchange: asked } = await service(steps).run(request, assumed(user()));
    expect(
      reports.filter(({ outcome }) => outcome === 'skipped').map(({ step, detail }) => [step, detail]),
    ).toEqual([
      ['credential', 'Assumed.'],
      ['public-api', 'Assumed.'],
      ['authentication', 'Assumed.'],
    ]);
    expect(asked.principal?.username).toBe('alice');
    expect(asked.decision).toEqual({ verdict: 'forward', kind: 'forwarded' });
  });

  it('refuses where the user would be looked up, when there is no such user', async () => {
    const { steps: reports } = await service(steps).run(request, assumed(deny('user_unknown')));
    expect(reports.at(-1)).toMatchObject({ step: 'authentication', outcome: 'deny', reason: 'user_unknown' });
  });

  it('is refused by an earlier step before that', async () => {
    const closed = [new Step('address', () => deny('ip_not_allowed')), ...steps];
    const { steps: reports } = await service(closed).run(request, assumed(deny('user_unknown')));
    expect(reports.at(-1)).toMatchObject({ step: 'address', reason: 'ip_not_allowed' });
  });
});

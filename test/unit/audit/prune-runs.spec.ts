import type { AuditEvent, AuditPort } from '../../../src/modules/audit/audit.port.js';
import type { AuditPrune } from '../../../src/modules/audit/audit-prune.service.js';
import type { PruneRunView } from '../../../src/modules/audit/dto/audit-settings-view.dto.js';
import type { PruneRunsRepository } from '../../../src/modules/audit/prune-runs.repository.js';
import { PruneRuns } from '../../../src/modules/audit/prune-runs.service.js';
import type { Logger } from '../../../src/platform/logging/logger.js';

const ALICE = { username: 'alice', requestId: 'r-1', clientIp: '192.0.2.1' };

describe('a deletion that could not delete all in its time', () => {
  let answers: (Partial<PruneRunView> | Error | undefined)[];
  let asked: string[];
  let errors: number;
  let recorded: AuditEvent[];
  let runs: PruneRuns;

  beforeEach(() => {
    jest.useFakeTimers();
    answers = [];
    asked = [];
    errors = 0;
    recorded = [];
    const prune = {
      run: (_runs: unknown, by: string, slot: string | null) => {
        asked.push(`${by} ${slot}`);
        const answer = answers.shift();
        return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer);
      },
    };
    const log = { error: () => (errors += 1) };
    runs = new PruneRuns(
      prune as unknown as AuditPrune,
      {} as PruneRunsRepository,
      { record: (event: AuditEvent) => recorded.push(event) } as unknown as AuditPort,
      log as unknown as Logger,
    );
  });

  afterEach(() => {
    jest.useRealTimers();
  });

  it('goes on a moment later, until nothing is left', async () => {
    answers = [{ complete: false }, { complete: false }, { complete: true }];
    expect(await runs.scheduled('noon')).toEqual({ complete: false });
    expect(asked).toEqual(['schedule noon']);
    await jest.advanceTimersByTimeAsync(60_000);
    expect(asked).toEqual(['schedule noon', 'schedule null', 'schedule null']);
  });

  it('is an event when an admin asked for it, and only then', async () => {
    answers = [{ time: '2026-11-21T10:00:00.000Z', deleted: 7, complete: false }, { complete: true }];
    await runs.requested(ALICE);
    await jest.advanceTimersByTimeAsync(60_000);
    answers = [{ complete: true }];
    await runs.scheduled('noon');
    expect(recorded).toMatchObject([
      {
        category: 'admin',
        user: 'alice',
        requestId: 'r-1',
        clientIp: '192.0.2.1',
        target: 'audit/prune',
        after: { deleted: 7, complete: false },
      },
    ]);
  });

  it('is left to the other node when that one is at it', async () => {
    answers = [{ time: '2026-11-21T10:00:00.000Z', complete: false }, undefined, { complete: true }];
    await runs.requested(ALICE);
    await jest.advanceTimersByTimeAsync(60_000);
    expect(asked).toEqual(['alice null', 'alice null']);
  });

  it('waits for the next time of the schedule when the database is away', async () => {
    answers = [{ time: '2026-11-21T10:00:00.000Z', complete: false }, new Error('away')];
    await runs.requested(ALICE);
    await jest.advanceTimersByTimeAsync(60_000);
    expect([asked.length, errors]).toEqual([2, 1]);
  });

  it('ends with the gateway', async () => {
    answers = [{ complete: false }];
    await runs.scheduled('noon');
    await runs.onApplicationShutdown();
    await jest.advanceTimersByTimeAsync(60_000);
    expect(asked).toHaveLength(1);
  });
});

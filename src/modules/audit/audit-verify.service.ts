import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import type { EntityManager } from 'typeorm';
import { ChainWalk } from './audit-chain-walk.policy.js';
import type { AuditFault, ChainedRow } from './audit-chain-walk.policy.js';
import { dayAfter, dayOf } from './audit-days.policy.js';
import { chainsOf, daySealsOf, parseSeal, prunedOf, sealedHashes, sealHash } from './audit-seal.policy.js';
import type { ChainHead, Pruned, StoredSeal } from './audit-seal.policy.js';
import { AuditSealsRepository } from './audit-seals.repository.js';

export interface VerifyReport {
  readonly days: number;
  readonly chains: number;
  readonly rows: number;
  /** In the order in which they were found: the first is the first broken link. */
  readonly faults: readonly AuditFault[];
}

interface DayReport {
  readonly chains: number;
  readonly rows: number;
  readonly faults: AuditFault[];
}

const FETCH = 2000;
const MOST_FAULTS = 100;
const HEADS = 'SELECT chain, day::text AS day, seq, hash FROM audit_chains';

/** Tells whether events were changed, removed or added behind Restgate's back, and where first. */
@Injectable()
export class AuditVerify {
  /** Opening seals is the dearest part, and every day needs all of them. */
  private readonly checked = new Map<string, boolean>();

  constructor(
    private readonly dataSource: DataSource,
    private readonly seals: AuditSealsRepository,
  ) {}

  /** Reads all events, day by day. `now` says which days should be sealed by now. */
  async verify(now: number): Promise<VerifyReport> {
    const seals = await this.seals.all();
    const report = { days: 0, chains: 0, rows: 0, faults: this.faultsOfSeals(seals) };
    for (const day of await this.daysOf(seals)) {
      const found = await this.verifyDay(day, now);
      report.days += 1;
      report.chains += found.chains;
      report.rows += found.rows;
      report.faults.push(...found.faults);
      if (report.faults.length >= MOST_FAULTS) break;
    }
    return { ...report, faults: report.faults.slice(0, MOST_FAULTS) };
  }

  private isGenuine(seal: StoredSeal): boolean {
    const key = `${seal.seal}\n${seal.content}`;
    const known = this.checked.get(key) ?? this.seals.isGenuine(seal);
    this.checked.set(key, known);
    return known;
  }

  private faultsOfSeals(seals: readonly StoredSeal[]): AuditFault[] {
    const faults: AuditFault[] = [];
    let previous: string | undefined;
    for (const seal of seals) {
      if (!this.isGenuine(seal)) faults.push({ day: seal.day, fault: `seal ${seal.id} is not genuine` });
      if (seal.kind !== 'day') continue;
      const content = parseSeal(seal);
      if (content.kind === 'day' && content.previous !== (previous ?? sealHash(''))) {
        faults.push({ day: seal.day, fault: `the seal before seal ${seal.id} is missing` });
      }
      previous = sealHash(seal.content);
    }
    return faults;
  }

  /** Days with chains, with seals, or with rows that have neither. Days that retention emptied are left out. */
  private async daysOf(seals: readonly StoredSeal[]): Promise<string[]> {
    const genuine = seals.filter((seal) => this.isGenuine(seal));
    const heads = await this.dataSource.query<ChainHead[]>(HEADS);
    const rows = await this.dataSource.query<{ first: Date | null; last: Date | null }[]>(
      'SELECT min(time) AS first, max(time) AS last FROM audit_events',
    );
    const days = new Set([...heads.map(({ day }) => day), ...daySealsOf(genuine).keys()]);
    const { first, last } = rows[0] ?? { first: null, last: null };
    const end = last ? dayOf(last.getTime()) : '';
    if (first) for (let day = dayOf(first.getTime()); day <= end; day = dayAfter(day, 1)) days.add(day);
    const { through } = prunedOf(genuine);
    return [...days].filter((day) => day > through).sort();
  }

  /**
   * Rows, heads and seals of a day as they were at one moment: a gateway that writes or deletes meanwhile is no
   * fault. One day at a time, so that nobody waits long who wants to drop one.
   */
  private verifyDay(day: string, now: number): Promise<DayReport> {
    return this.dataSource.transaction('REPEATABLE READ', async (manager) => {
      // Before the moment is fixed: a table that is dropped is gone at once, for older moments, too.
      await manager.query('SET LOCAL statement_timeout = 0; LOCK TABLE audit_events IN ACCESS SHARE MODE');
      const seals = (await this.seals.all(manager)).filter((seal) => this.isGenuine(seal));
      const pruned = prunedOf(seals);
      if (day <= pruned.through) return { chains: 0, rows: 0, faults: [] };
      const heads = await manager.query<ChainHead[]>(`${HEADS} WHERE day = $1::date ORDER BY chain`, [day]);
      const sealed = sealedHashes(seals, day);
      const report = await walkDay(manager, { day, heads, pruned, sealed });
      for (const chain of sealed.keys()) {
        if (!heads.some((head) => head.chain === chain))
          report.faults.push({ day, chain, fault: 'the chain was sealed and is missing' });
      }
      const seal = daySealsOf(seals).get(day);
      if (seal && JSON.stringify(seal.chains) !== JSON.stringify(chainsOf(heads, day)))
        report.faults.push({ day, fault: 'the day is not as it was sealed' });
      if (!seal && report.rows > 0 && day <= dayAfter(dayOf(now), -2))
        report.faults.push({ day, fault: 'the day is not sealed' });
      return report;
    });
  }
}

interface DayState {
  readonly day: string;
  readonly heads: readonly ChainHead[];
  readonly pruned: Pruned;
  readonly sealed: ReturnType<typeof sealedHashes>;
}

async function walkDay(manager: EntityManager, { day, heads, pruned, sealed }: DayState): Promise<DayReport> {
  const open = new Map(heads.map((head) => [head.chain, head]));
  const report = { chains: 0, rows: 0, faults: [] as AuditFault[] };
  const note = (fault: AuditFault | undefined): void => {
    if (fault && report.faults.length < MOST_FAULTS) report.faults.push(fault);
  };
  let walk: ChainWalk | undefined;
  const finish = (): void => {
    if (walk) note(walk.finish(open.get(walk.chain), pruned));
    if (walk) open.delete(walk.chain);
  };
  for await (const row of rowsOf(manager, day)) {
    if (row.chain !== walk?.chain) {
      finish();
      report.chains += 1;
      walk = new ChainWalk(day, row.chain, sealed.get(row.chain));
    }
    report.rows += 1;
    note(walk.step(row));
  }
  finish();
  for (const { chain, seq } of open.values()) {
    if (seq > (pruned.chains.get(chain)?.rows ?? 0)) note({ day, chain, fault: 'the rows are missing' });
  }
  return report;
}

/** All rows of a day by chain and number, through a cursor: one sort, little memory. */
async function* rowsOf(manager: EntityManager, day: string): AsyncGenerator<ChainedRow> {
  await manager.query(
    `DECLARE audit_verify NO SCROLL CURSOR FOR SELECT * FROM audit_events
      WHERE time >= '${day} 00:00:00+00' AND time < '${dayAfter(day, 1)} 00:00:00+00' ORDER BY chain COLLATE "C", seq`,
  );
  for (;;) {
    const rows = await manager.query<ChainedRow[]>(`FETCH ${FETCH} FROM audit_verify`);
    yield* rows;
    if (rows.length < FETCH) break;
  }
  await manager.query('CLOSE audit_verify');
}

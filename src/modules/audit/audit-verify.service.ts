import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { CHAIN_START, linkHash, rowJson } from './audit-chain.policy.js';
import { dayAfter, dayOf } from './audit-days.policy.js';
import { chainsOf, daySealsOf, parseSeal, prunedOf, sealHash } from './audit-seal.policy.js';
import type { ChainHead, Pruned, StoredSeal } from './audit-seal.policy.js';
import { AuditSealsRepository } from './audit-seals.repository.js';
import { restoreRow } from './audit-view.policy.js';
import type { StoredRow } from './audit-view.policy.js';

/** One place where the log is not what was written. */
export interface AuditFault {
  readonly day: string;
  readonly chain?: string;
  readonly seq?: number;
  readonly eventId?: string;
  readonly fault: string;
}

export interface VerifyReport {
  readonly days: number;
  readonly chains: number;
  readonly rows: number;
  /** In the order in which they were found: the first is the first broken link. */
  readonly faults: readonly AuditFault[];
}

const FETCH = 2000;
const MOST_FAULTS = 100;

type ChainedRow = StoredRow & {
  readonly chain: string;
  readonly seq: number;
  readonly hash: string;
  readonly id: string;
};

/** Where a chain stands while its rows are read. */
interface ChainWalk {
  readonly chain: string;
  seq: number;
  hash: string;
  /** False after a gap: the next link has nothing to be compared with. */
  known: boolean;
  missing: number;
  lastMissing: number;
}

/** Tells whether events were changed, removed or added behind Restgate's back, and where first. */
@Injectable()
export class AuditVerify {
  constructor(
    private readonly dataSource: DataSource,
    private readonly seals: AuditSealsRepository,
  ) {}

  /** Reads all events, day by day. `now` says which days should be sealed by now. */
  async verify(now: number): Promise<VerifyReport> {
    const seals = await this.seals.all();
    const heads = await this.dataSource.query<ChainHead[]>(
      'SELECT chain, day::text AS day, seq, hash FROM audit_chains ORDER BY day, chain',
    );
    const report = { days: 0, chains: 0, rows: 0, faults: this.faultsOfSeals(seals) };
    const genuine = seals.filter((seal) => this.seals.isGenuine(seal));
    const pruned = prunedOf(genuine);
    const sealed = daySealsOf(genuine);
    for (const day of await this.daysOf(heads, [...sealed.keys()], pruned.through)) {
      const walk = await this.walkDay(day, heads, pruned);
      const chains = JSON.stringify(chainsOf(heads, day));
      const seal = sealed.get(day);
      if (seal && JSON.stringify(seal.chains) !== chains)
        walk.faults.push({ day, fault: 'the day is not as it was sealed' });
      if (!seal && walk.rows > 0 && day <= dayAfter(dayOf(now), -2))
        walk.faults.push({ day, fault: 'the day is not sealed' });
      report.days += 1;
      report.chains += walk.chains;
      report.rows += walk.rows;
      report.faults.push(...walk.faults);
      if (report.faults.length >= MOST_FAULTS) break;
    }
    return { ...report, faults: report.faults.slice(0, MOST_FAULTS) };
  }

  private faultsOfSeals(seals: readonly StoredSeal[]): AuditFault[] {
    const faults: AuditFault[] = [];
    let previous: string | undefined;
    for (const seal of seals) {
      if (!this.seals.isGenuine(seal))
        faults.push({ day: seal.day, fault: `seal ${seal.id} is not genuine` });
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
  private async daysOf(
    heads: readonly ChainHead[],
    sealed: readonly string[],
    through: string,
  ): Promise<string[]> {
    const rows = await this.dataSource.query<{ first: Date | null; last: Date | null }[]>(
      'SELECT min(time) AS first, max(time) AS last FROM audit_events',
    );
    const days = new Set([...heads.map(({ day }) => day), ...sealed]);
    const { first, last } = rows[0] ?? { first: null, last: null };
    const end = last ? dayOf(last.getTime()) : '';
    if (first) for (let day = dayOf(first.getTime()); day <= end; day = dayAfter(day, 1)) days.add(day);
    return [...days].filter((day) => day > through).sort();
  }

  private async walkDay(
    day: string,
    heads: readonly ChainHead[],
    pruned: Pruned,
  ): Promise<{ chains: number; rows: number; faults: AuditFault[] }> {
    const open = new Map(heads.filter((head) => head.day === day).map((head) => [head.chain, head]));
    const faults: AuditFault[] = [];
    let chains = 0;
    let rows = 0;
    let walk: ChainWalk | undefined;
    const finish = (): void => {
      if (walk) faults.push(...endFaults(day, walk, open.get(walk.chain), pruned));
      if (walk) open.delete(walk.chain);
    };
    for await (const row of this.rowsOf(day)) {
      if (row.chain !== walk?.chain) {
        finish();
        chains += 1;
        walk = { chain: row.chain, seq: 0, hash: CHAIN_START, known: true, missing: 0, lastMissing: 0 };
      }
      rows += 1;
      const fault = step(walk, row);
      if (fault && faults.length < MOST_FAULTS)
        faults.push({ day, chain: row.chain, seq: row.seq, eventId: row.id, fault });
    }
    finish();
    for (const head of open.values()) {
      if (head.seq > (pruned.chains.get(head.chain)?.rows ?? 0))
        faults.push({ day, chain: head.chain, fault: 'the rows are missing' });
    }
    return { chains, rows, faults };
  }

  /** All rows of a day by chain and number, through a cursor: one sort, little memory. */
  private async *rowsOf(day: string): AsyncGenerator<ChainedRow> {
    const runner = this.dataSource.createQueryRunner();
    try {
      await runner.startTransaction();
      await runner.query('SET LOCAL statement_timeout = 0');
      await runner.query(
        `DECLARE audit_verify NO SCROLL CURSOR FOR SELECT * FROM audit_events
          WHERE time >= '${day} 00:00:00+00' AND time < '${dayAfter(day, 1)} 00:00:00+00' ORDER BY chain COLLATE "C", seq`,
      );
      for (;;) {
        const rows = (await runner.query(`FETCH ${FETCH} FROM audit_verify`)) as ChainedRow[];
        yield* rows;
        if (rows.length < FETCH) break;
      }
    } finally {
      if (runner.isTransactionActive) await runner.rollbackTransaction();
      await runner.release();
    }
  }
}

function step(walk: ChainWalk, row: ChainedRow): string | undefined {
  const gap = row.seq - walk.seq - 1;
  if (gap > 0) {
    walk.missing += gap;
    walk.lastMissing = row.seq - 1;
    walk.known = false;
  }
  const hash = walk.known ? linkHash(walk.hash, rowJson(restoreRow(row))) : row.hash;
  walk.seq = row.seq;
  walk.hash = row.hash;
  walk.known = true;
  if (gap < 0) return 'the number is there twice';
  return hash === row.hash ? undefined : 'the row is not as it was written';
}

/** What retention deleted may be missing, and nothing else: neither before nor between nor behind the rest. */
function endFaults(day: string, walk: ChainWalk, head: ChainHead | undefined, pruned: Pruned): AuditFault[] {
  const { chain, seq } = walk;
  if (!head) return [{ day, chain, fault: 'the chain is not known' }];
  const gone = pruned.chains.get(chain) ?? { rows: 0, top: 0 };
  const behind = head.seq - seq;
  const missing = walk.missing + behind;
  const lastMissing = behind > 0 ? head.seq : walk.lastMissing;
  if (missing !== gone.rows || lastMissing > gone.top)
    return [{ day, chain, seq: lastMissing, fault: 'rows are missing' }];
  return behind === 0 && walk.hash !== head.hash
    ? [{ day, chain, seq, fault: 'the end of the chain was changed' }]
    : [];
}

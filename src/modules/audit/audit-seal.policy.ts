import { hash } from 'node:crypto';

export interface ChainHead {
  readonly chain: string;
  readonly day: string;
  readonly seq: number;
  readonly hash: string;
}

/** A day is over: these are its chains. `previous` is the hash of the day seal before, so that none can vanish. */
export interface DaySeal {
  readonly kind: 'day';
  readonly day: string;
  readonly chains: readonly { readonly chain: string; readonly seq: number; readonly hash: string }[];
  readonly previous: string;
}

/** Retention deleted something: all days up to `through`, or the first rows of chains. */
export interface PruneSeal {
  readonly kind: 'prune';
  readonly through?: string;
  readonly chains?: readonly { readonly chain: string; readonly rows: number; readonly top: number }[];
}

export type SealContent = DaySeal | PruneSeal;

export interface StoredSeal {
  readonly id: number;
  readonly kind: string;
  readonly day: string;
  readonly content: string;
  readonly seal: string;
}

/** What stands for a seal in the next one. */
export function sealHash(content: string): string {
  return hash('sha256', content, 'base64url');
}

export function parseSeal(seal: StoredSeal): SealContent {
  return JSON.parse(seal.content) as SealContent;
}

/** What retention deleted according to the seals: the last day of which all is gone, and rows per chain. */
export interface Pruned {
  readonly through: string;
  readonly chains: ReadonlyMap<string, { readonly rows: number; readonly top: number }>;
}

export function prunedOf(seals: readonly StoredSeal[]): Pruned {
  let through = '';
  const chains = new Map<string, { rows: number; top: number }>();
  for (const seal of seals) {
    const content = parseSeal(seal);
    if (content.kind !== 'prune') continue;
    if (content.through !== undefined && content.through > through) through = content.through;
    for (const { chain, rows, top } of content.chains ?? []) {
      const sum = chains.get(chain) ?? { rows: 0, top: 0 };
      chains.set(chain, { rows: sum.rows + rows, top: Math.max(sum.top, top) });
    }
  }
  return { through, chains };
}

/** The last seal of each day. */
export function daySealsOf(seals: readonly StoredSeal[]): Map<string, DaySeal> {
  const days = new Map<string, DaySeal>();
  for (const seal of seals) {
    const content = parseSeal(seal);
    if (content.kind === 'day') days.set(content.day, content);
  }
  return days;
}

/** What a day's seals say of its chains: the hash of the row with a number. A later seal adds to it, and takes nothing away. */
export function sealedHashes(
  seals: readonly StoredSeal[],
  day: string,
): Map<string, ReadonlyMap<number, readonly string[]>> {
  const chains = new Map<string, Map<number, string[]>>();
  for (const seal of seals) {
    const content = parseSeal(seal);
    if (content.kind !== 'day' || content.day !== day) continue;
    for (const { chain, seq, hash: head } of content.chains) {
      const numbers = chains.get(chain) ?? new Map<number, string[]>();
      numbers.set(seq, [...(numbers.get(seq) ?? []), head]);
      chains.set(chain, numbers);
    }
  }
  return chains;
}

/**
 * The seals that are due: one for each finished day up to `lastDay` whose chains are not what its last seal
 * says. Each refers to the day seal before it.
 */
export function dueSeals(
  seals: readonly StoredSeal[],
  heads: readonly ChainHead[],
  lastDay: string,
): DaySeal[] {
  const known = daySealsOf(seals);
  const { through } = prunedOf(seals);
  let previous = sealHash(seals.findLast(({ kind }) => kind === 'day')?.content ?? '');
  const days = [...new Set(heads.map(({ day }) => day))]
    .sort()
    .filter((day) => day <= lastDay && day > through);
  const due: DaySeal[] = [];
  for (const day of days) {
    const chains = chainsOf(heads, day);
    if (JSON.stringify(known.get(day)?.chains) === JSON.stringify(chains)) continue;
    const seal: DaySeal = { kind: 'day', day, chains, previous };
    previous = sealHash(JSON.stringify(seal));
    due.push(seal);
  }
  return due;
}

/** The chains of a day in the order in which a seal lists them. */
export function chainsOf(heads: readonly ChainHead[], day: string): DaySeal['chains'] {
  return heads
    .filter((head) => head.day === day)
    .sort((a, b) => (a.chain < b.chain ? -1 : 1))
    .map(({ chain, seq, hash: head }) => ({ chain, seq, hash: head }));
}

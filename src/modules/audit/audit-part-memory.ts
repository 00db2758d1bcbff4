import { ownText } from '../../lib/own-text.js';

/** A part of events as it stands in a group. */
export interface Part {
  readonly text: string;
  /** The last group that it was put into, and its number there. */
  group: number;
  number: number;
}

/** A part with the fields it was made of; `next` has the same most telling field, but other ones beside it. */
interface Known<T> {
  readonly from: T;
  readonly part: Part;
  readonly next: Known<T> | undefined;
}

const MOST_REMEMBERED = 5000;
/** The same path comes with a few methods, the same client by a few proxies. */
const MOST_NEXT = 8;
const LONGEST_REMEMBERED = 1000;

/** Remembers what comes again and again; all of it is forgotten when there is too much. Long texts are not remembered. */
export function remember<K extends string | number, T>(known: Map<K, T>, key: K, made: T): void {
  if (typeof key === 'string' && key.length > LONGEST_REMEMBERED) return;
  if (known.size >= MOST_REMEMBERED) known.clear();
  known.set(own(key), made);
}

/** Parts by the fields they were made of. It does not stay in memory what a text was cut out of. */
export class PartMemory<T extends object> {
  private readonly known = new Map<string | number, Known<T>>();
  private found: Known<T> | undefined;

  constructor(private readonly isSame: (a: T, b: T) => boolean) {}

  /**
   * What was found last: most of what requests have in common comes in runs. Whoever asks compares it first, each kind
   * of part by code of its own; the engine cannot do that in one place for all kinds without calls.
   */
  get last(): Known<T> | undefined {
    return this.found;
  }

  /** The part that was remembered for these fields. `key` is the most telling of them. */
  find(key: string | number, fields: T): Part | undefined {
    let known = this.known.get(key);
    while (known !== undefined && !this.isSame(known.from, fields)) known = known.next;
    if (known !== undefined) this.found = known;
    return known?.part;
  }

  /** Remembers the part for the fields it was made of, unless they are not as they were sent: they may have held a secret. */
  keep(key: string | number, { sent, stored }: { readonly sent: T; readonly stored: T }, part: Part): void {
    if (!this.isSame(sent, stored)) return;
    const first = this.known.get(key);
    let count = 0;
    for (let next = first; next; next = next.next) count += 1;
    const next = count < MOST_NEXT ? first : undefined;
    remember(this.known, key, { from: ownTexts(stored), part, next });
  }
}

function own<T>(value: T): T {
  return (typeof value === 'string' ? ownText(value) : value) as T;
}

function ownTexts<T extends object>(fields: T): T {
  return Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, own(value)])) as T;
}

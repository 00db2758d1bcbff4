/** An application whose add-ons make names up must not fill the memory, nor make every look-up long. */
const LONGEST_KNOWN = 64;
const MOST_OF_ONE_LENGTH = 16;

interface Entry<T> {
  readonly bytes: Uint8Array;
  readonly known: T;
}

/**
 * What is known of field names, by the name as it came. An application sends the same few names with every answer,
 * and comparing their bytes with those of the names of the same length costs a third of making strings of them.
 */
export class KnownNames<T> {
  private readonly byLength: Entry<T>[][] = Array.from({ length: LONGEST_KNOWN + 1 }, () => []);

  /** `judge` says what there is to know of a name that is seen for the first time. */
  constructor(private readonly judge: (name: string) => T) {}

  of(raw: Buffer): T {
    if (raw.length > LONGEST_KNOWN) return this.judge(raw.toString('latin1'));
    const entries = this.byLength[raw.length] as Entry<T>[];
    for (let i = 0; i < entries.length; i++) {
      const { bytes, known } = entries[i] as Entry<T>;
      if (isSame(bytes, raw)) return known;
    }
    const known = this.judge(raw.toString('latin1'));
    // Emptied, not kept: names that somebody made up would keep out those of everybody else for good.
    if (entries.length >= MOST_OF_ONE_LENGTH) entries.length = 0;
    // A copy: what came is a view of a whole chunk, which would stay in memory with it.
    entries.push({ bytes: Uint8Array.from(raw), known });
    return known;
  }
}

/** Both are of the same length. */
function isSame(left: Uint8Array, right: Uint8Array): boolean {
  for (let i = 0; i < left.length; i++) if (left[i] !== right[i]) return false;
  return true;
}

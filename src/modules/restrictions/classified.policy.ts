export type Classification = 'read' | 'write';

/**
 * Whether a call reads or writes, and what decided. Made once per rule and shared by all calls.
 * `setting`: an entry of the admin's lists; `catalogue`: an entry of the shipped ones; `rule`: no entry at all.
 */
export interface Classified {
  readonly classification: Classification;
  readonly source: 'setting' | 'catalogue' | 'rule';
  /** The pattern of the entry, as it is listed; undefined for `rule`. */
  readonly path: string | undefined;
  /** In words for the admin. */
  readonly detail: string;
}

/** What decides without any entry of a list. */
export function byRule(classification: Classification, detail: string): Classified {
  return { classification, source: 'rule', path: undefined, detail };
}

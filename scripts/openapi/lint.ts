import { Spectral } from '@stoplight/spectral-core';
import { ruleset } from './ruleset.js';

export interface Finding {
  readonly rule: string;
  readonly place: string;
  readonly message: string;
}

/** What the rules find in a document, in the order of its text. Warnings count: a rule that may be broken is none. */
export async function findingsOf(text: string): Promise<Finding[]> {
  const spectral = new Spectral();
  spectral.setRuleset(ruleset);
  const results = await spectral.run(text);
  return results.map(({ code, path, message }) => ({ rule: String(code), place: path.join('.'), message }));
}

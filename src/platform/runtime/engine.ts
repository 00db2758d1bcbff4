import { setFlagsFromString } from 'node:v8';

/**
 * What V8 is told for this product's kind of work; docs/adr/0005 and 0007 say why and how it was measured.
 *
 * - Without pretenuring: some start-up work lets many young objects survive, V8 concludes that objects made at those
 *   places live long, and from then on every finished request is kept until the next full collection.
 * - Larger inlining budgets: a request runs through many small functions, and the whole path is hot.
 */
const FLAGS = [
  '--no-allocation-site-pretenuring',
  '--max-inlined-bytecode-size=1000',
  '--max-inlined-bytecode-size-cumulative=4000',
  '--max-inlined-bytecode-size-small=60',
];

/** Tunes V8 for the request path. Call it before the application is made: what is compiled already stays as it is. */
export function tuneEngine(): void {
  for (const flag of FLAGS) setFlagsFromString(flag);
}

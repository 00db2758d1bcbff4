export const LONGEST_PATTERN = 500;

/** Thousands of Ant-style patterns that are looked at together. */
export interface PatternSet<T> {
  /**
   * The value of the first listed entry whose pattern covers the path and whose value is accepted. The time it
   * takes grows with the segments of the path, hardly with the number of entries.
   */
  match(path: string, accept?: (value: T) => boolean): T | undefined;
}

export interface PatternEntry<T> {
  readonly pattern: string;
  readonly value: T;
}

/** One state of the automaton that walks a path segment by segment. Children are the next pattern segments. */
interface PatternNode<T> {
  readonly literals: Map<string, PatternNode<T>>;
  readonly globs: { readonly pattern: string; readonly node: PatternNode<T> }[];
  /** The child for `*`. */
  any: PatternNode<T> | undefined;
  /** The child for `**`, which stays active whatever comes. */
  deep: PatternNode<T> | undefined;
  readonly stays: boolean;
  readonly ends: { readonly order: number; readonly value: T }[];
  /** The walk step that last activated this node; keeps a step from holding it twice. */
  step: number;
}

const FAULTS: readonly (readonly [RegExp, string])[] = [
  [/[\u0000-\u001f\u007f]/, 'must not hold control characters'],
  [
    /[^\u0020-\u007e]/,
    'must hold ASCII only; write other characters as percent escapes of their UTF-8 bytes',
  ],
  [/\/\//, 'must not hold empty segments (//)'],
  [/[;\\#]|%2f|%5c|%3b/i, 'must not hold ; \\ # or an encoded / \\ ;'],
  [/%(?![0-9A-F]{2})/, 'must hold percent escapes of two upper-case hexadecimal digits only'],
  [/%(?:[01][0-9A-F]|7F)/, 'must not hold encoded control characters'],
  [
    /%(?:4[1-9A-F]|5[0-9A]|6[1-9A-F]|7[0-9A]|3[0-9]|2D|2E|5F|7E)/,
    'must not escape letters, digits and - . _ ~; write them plainly',
  ],
  [/\/\.{1,2}(?:\/|$)/, 'must not hold dot segments'],
  [
    /[^A-Za-z0-9\-._~!$&'()*+,=:@/%?]/,
    'must escape characters that paths cannot hold, such as a space (%20)',
  ],
  [/[^/]\*\*|\*\*[^/]/, 'must use ** as a whole segment'],
];

/**
 * What is wrong with a pattern, for an admin to read; undefined when it is valid. A valid pattern is written in
 * the canonical form of paths, so that it can match what the gateway decides on.
 */
export function isValidAntPattern(pattern: string): string | undefined {
  if (!pattern.startsWith('/')) return 'must begin with /';
  if (pattern.length > LONGEST_PATTERN) return `must have at most ${LONGEST_PATTERN} characters`;
  for (const [fault, message] of FAULTS) if (fault.test(pattern)) return message;
  return isUtf8(pattern) ? undefined : 'must hold percent escapes of valid UTF-8 only';
}

function isUtf8(escaped: string): boolean {
  try {
    decodeURIComponent(escaped);
    return true;
  } catch (error) {
    if (error instanceof URIError) return false;
    throw error;
  }
}

/** `*` and `?` within one segment, going back to the last star only: time is bounded by the two lengths. */
function matchesSegment(pattern: string, segment: string): boolean {
  let p = 0;
  let star = -1;
  let resume = 0;
  for (let s = 0; s < segment.length;) {
    if (pattern[p] === '*') {
      star = p++;
      resume = s;
    } else if (p < pattern.length && (pattern[p] === '?' || pattern[p] === segment[s])) {
      p++;
      s++;
    } else if (star >= 0) {
      p = star + 1;
      s = ++resume;
    } else return false;
  }
  while (pattern[p] === '*') p++;
  return p === pattern.length;
}

function newNode<T>(stays: boolean): PatternNode<T> {
  return { literals: new Map(), globs: [], any: undefined, deep: undefined, stays, ends: [], step: 0 };
}

function childOf<T>(node: PatternNode<T>, segment: string): PatternNode<T> {
  if (segment === '**') return node.stays ? node : (node.deep ??= newNode(true));
  if (segment === '*') return (node.any ??= newNode(false));
  if (/[*?]/.test(segment)) {
    const known = node.globs.find((glob) => glob.pattern === segment);
    if (known) return known.node;
    const made = newNode<T>(false);
    node.globs.push({ pattern: segment, node: made });
    return made;
  }
  let child = node.literals.get(segment);
  if (!child) node.literals.set(segment, (child = newNode(false)));
  return child;
}

/** Activates a node and, since `**` covers no segment as well, what follows it. */
function activate<T>(node: PatternNode<T>, active: PatternNode<T>[], step: number): void {
  if (node.step === step) return;
  node.step = step;
  active.push(node);
  if (node.deep) activate(node.deep, active, step);
}

function advance<T>(node: PatternNode<T>, segment: string, active: PatternNode<T>[], step: number): void {
  if (node.stays) activate(node, active, step);
  const literal = node.literals.get(segment);
  if (literal) activate(literal, active, step);
  // The empty segment is a trailing slash; a star stands for a segment that is there.
  if (segment === '') return;
  if (node.any) activate(node.any, active, step);
  for (const glob of node.globs) {
    if (matchesSegment(glob.pattern, segment)) activate(glob.node, active, step);
  }
}

function firstEnd<T>(active: readonly PatternNode<T>[], accept?: (value: T) => boolean): T | undefined {
  let first: { readonly order: number; readonly value: T } | undefined;
  for (const node of active) {
    for (const end of node.ends) {
      if ((first === undefined || end.order < first.order) && (!accept || accept(end.value))) first = end;
    }
  }
  return first?.value;
}

/** Compiles many patterns into one automaton. Throws for a pattern that `isValidAntPattern` faults. */
export function compilePatternSet<T>(entries: readonly PatternEntry<T>[]): PatternSet<T> {
  const root = newNode<T>(false);
  entries.forEach(({ pattern, value }, order) => {
    const fault = isValidAntPattern(pattern);
    if (fault) throw new Error(`The pattern "${pattern.slice(0, LONGEST_PATTERN)}" ${fault}.`);
    let node = root;
    for (const segment of pattern.slice(1).split('/')) node = childOf(node, segment);
    node.ends.push({ order, value });
  });
  let step = 0;
  return {
    match(path, accept) {
      if (entries.length === 0 || path.charCodeAt(0) !== 47) return undefined;
      let active: PatternNode<T>[] = [];
      activate(root, active, ++step);
      for (let start = 1; start <= path.length && active.length > 0;) {
        const slash = path.indexOf('/', start);
        const end = slash < 0 ? path.length : slash;
        const segment = path.slice(start, end);
        const next: PatternNode<T>[] = [];
        step++;
        for (const node of active) advance(node, segment, next, step);
        active = next;
        start = end + 1;
      }
      return firstEnd(active, accept);
    },
  };
}

/**
 * A matcher of one Ant-style pattern: `?` one character, `*` within a segment, `**` any number of segments,
 * none included. No regular expression is built; the time is linear in the path. Throws for a faulty pattern.
 */
export function compileAntPattern(pattern: string): (path: string) => boolean {
  const set = compilePatternSet([{ pattern, value: true }]);
  if (!/[*?]/.test(pattern)) return (path) => path === pattern;
  return (path) => set.match(path) === true;
}

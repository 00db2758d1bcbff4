import { createHash } from 'node:crypto';
import { stringify } from 'yaml';

/** What a template sees: the dot, the root, and the variables that `range` made. */
export interface Scope {
  readonly dot: unknown;
  readonly variables: ReadonlyMap<string, unknown>;
  readonly include: (name: string, dot: unknown) => string;
}

const TERM = /"(?:[^"\\]|\\.)*"|\(|\)|\||[^\s()|]+/g;

/** Go's idea of what is empty. */
export function isEmpty(value: unknown): boolean {
  if (Array.isArray(value)) return value.length === 0;
  if (typeof value === 'object' && value !== null) return Object.keys(value).length === 0;
  return value === undefined || value === null || value === false || value === 0 || value === '';
}

function text(value: unknown): string {
  if (typeof value === 'string') return value;
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  throw new Error(`A template would write ${JSON.stringify(value)} as text.`);
}

/** The functions of Go templates, Sprig and Helm that the chart uses; another one is an error. */
const FUNCTIONS: Readonly<Record<string, (...parameters: unknown[]) => unknown>> = {
  quote: (value) => JSON.stringify(text(value)),
  default: (fallback, value) => (isEmpty(value) ? fallback : value),
  nindent: (width, value) => `\n${text(value).replace(/^/gm, ' '.repeat(Number(width)))}`,
  toYaml: (value) => stringify(value).trimEnd(),
  trunc: (length, value) => text(value).slice(0, Number(length)),
  trimSuffix: (suffix, value) =>
    text(value).endsWith(text(suffix)) ? text(value).slice(0, -text(suffix).length) : value,
  printf: (format, ...values) => text(format).replace(/%s/g, () => text(values.shift())),
  contains: (part, value) => text(value).includes(text(part)),
  sha256sum: (value) => createHash('sha256').update(text(value)).digest('hex'),
  add: (...numbers) => numbers.reduce<number>((sum, each) => sum + Number(each), 0),
  list: (...values) => values,
};

function member(value: unknown, path: string, whole: string): unknown {
  let current = value;
  for (const name of path.split('.').filter((part) => part !== '')) {
    if (typeof current !== 'object' || current === null || !Object.hasOwn(current, name)) {
      throw new Error(`${whole} is not in the values of the chart.`);
    }
    current = (current as Record<string, unknown>)[name];
  }
  return current;
}

class Reader {
  private at = 0;
  private readonly terms: string[];

  constructor(
    private readonly source: string,
    private readonly scope: Scope,
  ) {
    this.terms = source.match(TERM) ?? [];
  }

  whole(): unknown {
    const value = this.pipeline();
    if (this.at < this.terms.length) throw new Error(`Not understood: ${this.source}`);
    return value;
  }

  private pipeline(): unknown {
    let value = this.command([]);
    while (this.terms[this.at] === '|') {
      this.at += 1;
      value = this.command([value]);
    }
    return value;
  }

  private command(piped: readonly unknown[]): unknown {
    const name = this.terms[this.at] ?? '';
    const known = name === 'include' || Object.hasOwn(FUNCTIONS, name);
    if (!known) return this.operand();
    this.at += 1;
    const parameters: unknown[] = [];
    while (this.at < this.terms.length && !['|', ')'].includes(this.terms[this.at] as string))
      parameters.push(this.operand());
    parameters.push(...piped);
    if (name === 'include') return this.scope.include(text(parameters[0]), parameters[1]);
    return FUNCTIONS[name]?.(...parameters);
  }

  private operand(): unknown {
    const term = this.terms[this.at++] ?? '';
    if (term === '(') {
      const value = this.pipeline();
      if (this.terms[this.at++] !== ')') throw new Error(`A bracket is not closed: ${this.source}`);
      return value;
    }
    if (term.startsWith('"')) return JSON.parse(term);
    if (/^\d+$/.test(term)) return Number(term);
    if (term.startsWith('.')) return member(this.scope.dot, term, term);
    const variable = /^(\$\w*)(.*)$/.exec(term);
    if (variable && this.scope.variables.has(variable[1] as string))
      return member(this.scope.variables.get(variable[1] as string), variable[2] as string, term);
    throw new Error(`Not understood: ${term} in ${this.source}`);
  }
}

/** The value of a pipeline. Throws for everything that it does not know. */
export function evaluate(source: string, scope: Scope): unknown {
  return new Reader(source, scope).whole();
}

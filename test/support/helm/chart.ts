import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse, parseAllDocuments } from 'yaml';
import { evaluate, isEmpty } from './expression.js';
import type { Scope } from './expression.js';

interface Block {
  readonly kind: 'if' | 'with' | 'range' | 'define';
  readonly argument: string;
  readonly then: Node[];
  readonly otherwise: Node[];
}

type Node = string | { readonly action: string } | Block;

const TAG = /\s*\{\{-\s*(.*?)\s*(-?)\}\}|\{\{\s*(.*?)\s*(-?)\}\}/gs;
const OPENING = /^(if|with|range|define)\s+(.*)$/s;

/** Text and tags of a template, with the whitespace gone that `{{-` and `-}}` eat. */
function tokens(source: string): ({ readonly text: string } | { readonly tag: string })[] {
  const found: ({ text: string } | { tag: string })[] = [];
  let [at, eats] = [0, false];
  for (const match of source.matchAll(TAG)) {
    const between = source.slice(at, match.index);
    found.push({ text: eats ? between.trimStart() : between }, { tag: match[1] ?? match[3] ?? '' });
    at = match.index + match[0].length;
    eats = (match[2] ?? match[4]) === '-';
  }
  const rest = source.slice(at);
  found.push({ text: eats ? rest.trimStart() : rest });
  return found;
}

function parsed(source: string): Node[] {
  const root: Node[] = [];
  const open: { readonly block: Block; target: Node[] }[] = [];
  const target = (): Node[] => open.at(-1)?.target ?? root;
  for (const token of tokens(source)) {
    if ('text' in token) target().push(token.text);
    else if (token.tag === 'end') open.pop();
    else if (token.tag === 'else') {
      const last = open.at(-1);
      if (last) last.target = last.block.otherwise;
    } else {
      const opening = OPENING.exec(token.tag);
      if (!opening) target().push({ action: token.tag });
      else {
        const [, kind, argument] = opening as unknown as [string, Block['kind'], string];
        const block: Block = { kind, argument, then: [], otherwise: [] };
        target().push(block);
        open.push({ block, target: block.then });
      }
    }
  }
  if (open.length > 0) throw new Error('A block of a template is not closed.');
  return root;
}

function render(nodes: readonly Node[], scope: Scope): string {
  return nodes.map((node) => renderNode(node, scope)).join('');
}

function renderNode(node: Node, scope: Scope): string {
  if (typeof node === 'string') return node;
  if ('action' in node) return String(evaluate(node.action, scope));
  const { kind, argument, then, otherwise } = node;
  if (kind === 'define') return '';
  if (kind === 'range') return renderRange(node, scope);
  const value = evaluate(argument, scope);
  if (isEmpty(value)) return render(otherwise, scope);
  return render(then, kind === 'with' ? { ...scope, dot: value } : scope);
}

function renderRange({ argument, then }: Block, scope: Scope): string {
  const match = /^(?:(\$\w+),\s*)?(\$\w+)\s*:=\s*(.*)$/s.exec(argument);
  if (!match) throw new Error(`Not understood: range ${argument}`);
  const [, key, name, source] = match as unknown as [string, string | undefined, string, string];
  const entries = Object.entries(evaluate(source, scope) as object);
  return entries
    .map(([index, value]) => {
      const variables = new Map([...scope.variables, [name, value], ...(key ? [[key, index] as const] : [])]);
      return render(then, { ...scope, dot: value, variables });
    })
    .join('');
}

export interface Manifest {
  readonly kind: string;
  readonly metadata: { readonly name: string };
  readonly spec: unknown;
  readonly data?: Record<string, string>;
}

/**
 * The manifests of a chart with given values on top of its own (one level deep). It knows the part of the template
 * language that our chart uses and throws for everything else: it is a check, not a replacement for Helm.
 */
export function renderChart(folder: string, values: Record<string, unknown> = {}): Manifest[] {
  const yaml = (name: string): Record<string, string> =>
    parse(readFileSync(join(folder, name), 'utf8')) as Record<string, string>;
  const chart = yaml('Chart.yaml');
  const files = readdirSync(join(folder, 'templates')).sort();
  const templates = files.map((name) => parsed(readFileSync(join(folder, 'templates', name), 'utf8')));
  const defined = new Map<string, Node[]>();
  for (const node of templates.flat()) {
    if (typeof node === 'object' && 'kind' in node && node.kind === 'define')
      defined.set(JSON.parse(node.argument) as string, node.then);
  }
  const dot = {
    Chart: { Name: chart['name'], Version: chart['version'], AppVersion: chart['appVersion'] },
    Release: { Name: 'prod', Service: 'Helm' },
    Values: { ...yaml('values.yaml'), ...values },
  };
  const include = (name: string, given: unknown): string => {
    const nodes = defined.get(name);
    if (!nodes) throw new Error(`No template is named ${name}.`);
    return render(nodes, { dot: given, variables: new Map([['$', given]]), include });
  };
  const scope: Scope = { dot, variables: new Map([['$', dot]]), include };
  return templates.flatMap((nodes) =>
    parseAllDocuments(render(nodes, scope)).flatMap((document) => {
      if (document.errors.length > 0) throw new Error(document.errors.join('\n'));
      const manifest = document.toJS() as Manifest | null;
      return manifest === null ? [] : [manifest];
    }),
  );
}

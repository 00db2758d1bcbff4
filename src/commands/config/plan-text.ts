export interface PlannedChange {
  readonly path: string;
  readonly before: unknown;
  readonly after: unknown;
}

const INDENT = '    ';

/**
 * Changes for a terminal: `+` comes, `-` goes, `~` is changed with the old and the new value below it. Ends with
 * one line that counts them.
 */
export function planText(changes: readonly PlannedChange[], applied: boolean): string {
  if (changes.length === 0) return 'The configuration already says what the file says.\n';
  const count = `${changes.length} ${changes.length === 1 ? 'change' : 'changes'}`;
  const summary = applied ? `${count} applied.` : `${count} to apply.`;
  return `${changes.map(changeText).join('\n')}\n\n${summary}\n`;
}

function changeText({ path, before, after }: PlannedChange): string {
  if (before === null) return [`+ ${path}`, ...valueLines(after, '')].join('\n');
  if (after === null) return `- ${path}`;
  return [`~ ${path}`, ...valueLines(before, '- '), ...valueLines(after, '+ ')].join('\n');
}

function valueLines(value: unknown, mark: string): string[] {
  const text = JSON.stringify(value, undefined, 2) ?? 'null';
  // Control characters of a stored value must not reach the terminal.
  return text.split('\n').map((line) => `${INDENT}${mark}${line.replace(/\p{Cc}/gu, '?')}`);
}

export type Level = 'debug' | 'info' | 'warn' | 'error';
export type Log = (level: Level, message: string) => void;

const perMinute = 60;
const longestLine = 1_000;

/** Passes PostgreSQL's lines on, at most 60 a minute, and keeps the last of them for error messages. */
export class ServerLog {
  private rest = '';
  private minute = 0;
  private passed = 0;
  private last: string[] = [];
  private started = false;

  constructor(private readonly log: Log) {}

  add(chunk: string): void {
    const lines = (this.rest + chunk).split('\n');
    this.rest = (lines.pop() ?? '').slice(0, longestLine);
    for (const line of lines) if (line.trim() !== '') this.line(line.slice(0, longestLine));
  }

  /** Until here we have been knocking on its door, and its complaints about that are of no interest. */
  ready(): void {
    this.started = true;
  }

  /** The last fatal line of PostgreSQL, else what stopped Node's part of it, else the last line. */
  reason(): string {
    const told = this.last.findLast((line) => line.includes('FATAL:')) ?? this.last.findLast(isError);
    return told ?? this.last.at(-1) ?? 'it said nothing';
  }

  includes(text: string): boolean {
    return this.last.some((line) => line.includes(text));
  }

  private line(line: string): void {
    this.last = [...this.last.slice(-19), line];
    const minute = Math.floor(Date.now() / 60_000);
    if (minute !== this.minute) {
      if (this.passed > perMinute) this.log('warn', `PostgreSQL: ${this.passed - perMinute} lines left out`);
      this.minute = minute;
      this.passed = 0;
    }
    this.passed += 1;
    if (this.passed <= perMinute) this.log(this.started ? levelOf(line) : 'debug', `PostgreSQL: ${line}`);
  }
}

/** The first line of an error that ended Node, such as `Error: Cannot find module`; its stack comes after it. */
function isError(line: string): boolean {
  return /^\w*Error\b.*: /.test(line);
}

/** Its normal life is for debugging only; FATAL ends one session, PANIC the whole server. */
export function levelOf(line: string): Level {
  if (/\bPANIC:/.test(line)) return 'error';
  return /\b(WARNING|ERROR|FATAL):/.test(line) ? 'warn' : 'debug';
}

import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const READY =
  /is ready after (\d+) ms: gateway (http:\/\/\S+), admin API and docs (http:\/\/\S+)\/restgate\//;
const START_TIMEOUT_MS = 60_000;

/** What `npm start` gives to node before the script. */
function startOptions(): string[] {
  const { scripts } = JSON.parse(readFileSync(join(process.cwd(), 'package.json'), 'utf8')) as {
    scripts: { start: string };
  };
  return scripts.start.split(' ').filter((word) => word.startsWith('--'));
}

/** The built product as a process of its own, as operators run it. */
export class RestgateProcess {
  output = '';
  private constructor(
    readonly child: ChildProcess,
    private readonly exited: Promise<number | null>,
  ) {}

  /** Starts `dist/src/main.js` with exactly these variables (and PATH, HOME) and waits for its ready line. */
  static async start(
    env: Record<string, string>,
    cwd = process.cwd(),
    nodeArgs: readonly string[] = [],
  ): Promise<RestgateProcess> {
    const started = RestgateProcess.spawn(env, [], cwd, nodeArgs);
    await started.ready();
    return started;
  }

  static spawn(
    env: Record<string, string>,
    args: readonly string[] = [],
    cwd = process.cwd(),
    nodeArgs: readonly string[] = [],
  ): RestgateProcess {
    const main = join(process.cwd(), 'dist', 'src', 'main.js');
    if (!existsSync(main)) throw new Error(`${main} is missing: run npm run build`);
    const base = { PATH: process.env['PATH'] ?? '', HOME: process.env['HOME'] ?? '' };
    const child = spawn(process.execPath, [...startOptions(), ...nodeArgs, main, ...args], {
      env: { ...base, ...env },
      cwd,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const exited = new Promise<number | null>((resolve) => child.on('exit', (code) => resolve(code)));
    const started = new RestgateProcess(child, exited);
    const collect = (chunk: Buffer): void => {
      started.output += chunk.toString('utf8');
    };
    child.stdout?.on('data', collect);
    child.stderr?.on('data', collect);
    return started;
  }

  get url(): string {
    return READY.exec(this.output)?.[2] as string;
  }

  get controlUrl(): string {
    return READY.exec(this.output)?.[3] as string;
  }

  get readyAfterMs(): number {
    return Number(READY.exec(this.output)?.[1]);
  }

  /** The exit status; null when a signal ended it. */
  waitForExit(): Promise<number | null> {
    return this.exited;
  }

  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<number | null> {
    if (this.child.exitCode === null && this.child.signalCode === null) this.child.kill(signal);
    return this.exited;
  }

  private async ready(): Promise<void> {
    const deadline = Date.now() + START_TIMEOUT_MS;
    let exit: number | null | undefined;
    void this.exited.then((code) => (exit = code));
    while (!READY.test(this.output)) {
      if (exit !== undefined)
        throw new Error(`Restgate ended with status ${exit} before it was ready:\n${this.output}`);
      if (Date.now() > deadline) {
        this.child.kill('SIGKILL');
        throw new Error(`Restgate was not ready in time:\n${this.output}`);
      }
      await new Promise((resolve) => setTimeout(resolve, 25));
    }
  }
}

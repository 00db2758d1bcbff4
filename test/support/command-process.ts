import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

export interface CommandResult {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a built command as `npm run` does, with exactly these variables (and PATH, HOME), to its end. */
export async function runCommand(
  script: 'config' | 'keys' | 'admin' | 'audit:verify',
  parameters: readonly string[],
  env: Record<string, string>,
): Promise<CommandResult> {
  const file = script === 'audit:verify' ? 'audit-verify.js' : join('commands', `${script}.js`);
  const child = spawn(process.execPath, [join(process.cwd(), 'dist', 'src', file), ...parameters], {
    env: { PATH: process.env['PATH'] ?? '', HOME: process.env['HOME'] ?? '', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let [stdout, stderr] = ['', ''];
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString('utf8')));
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString('utf8')));
  const [status] = (await once(child, 'close')) as [number | null];
  return { status, stdout, stderr };
}

import { readFile, writeFile } from 'node:fs/promises';
import type { ClientConfig } from '../../platform/config/read-client-config.js';
import { UsageError } from '../command.js';
import type { Output } from '../command.js';
import { planText } from './plan-text.js';
import type { PlannedChange } from './plan-text.js';

const PATH = '/restgate/api/v1/configuration';
const LONGEST_WAIT_MS = 60_000;
const CHANGES_FOUND = 2;
const USAGE = `npm run config -- plan|apply|export FILE [--confirm]
  plan    shows what applying FILE would change; exit status 2 when there is something
  apply   makes the configuration say what FILE says, all or nothing
  export  writes the configuration to FILE (YAML, or JSON when FILE ends in .json; - is stdout)
  --confirm  also apply what would shut this caller out
It talks to the gateway at RESTGATE_URL (or PUBLIC_URL) with ADMIN_TOKEN.`;

interface Plan {
  readonly changes: readonly PlannedChange[];
}

interface Problem {
  readonly title?: string;
  readonly detail?: string;
  readonly errors?: readonly { readonly field: string; readonly message: string }[];
}

/**
 * `npm run config`. Answers the exit status: 0, or 2 when a plan finds changes. Throws `UsageError`, or an error
 * in the gateway's words when it refuses.
 */
export async function configCommand(
  parameters: readonly string[],
  client: () => ClientConfig,
  output: Output,
): Promise<number> {
  const confirmed = parameters.includes('--confirm');
  const [verb, file, ...more] = parameters.filter((parameter) => parameter !== '--confirm');
  if (file === undefined || more.length > 0) throw new UsageError(USAGE);
  switch (verb) {
    case 'export':
      return exportTo(file, client(), output);
    case 'plan':
    case 'apply': {
      const { changes } = await put(await readFile(file, 'utf8'), client(), {
        plan: verb === 'plan',
        confirmed,
      });
      output.write(planText(changes, verb === 'apply'));
      return verb === 'plan' && changes.length > 0 ? CHANGES_FOUND : 0;
    }
    default:
      throw new UsageError(USAGE);
  }
}

async function exportTo(file: string, client: ClientConfig, output: Output): Promise<number> {
  const format = file.toLowerCase().endsWith('.json') ? 'json' : 'yaml';
  const answer = await send(client, `${PATH}?format=${format}`, { method: 'GET' });
  const text = await answer.text();
  if (file === '-') output.write(text);
  else {
    await writeFile(file, text);
    output.write(`Written to ${file}.\n`);
  }
  return 0;
}

async function put(
  text: string,
  client: ClientConfig,
  { plan, confirmed }: { readonly plan: boolean; readonly confirmed: boolean },
): Promise<Plan> {
  // Every JSON document is YAML, so one type serves both.
  const headers = { 'content-type': 'application/yaml' };
  const answer = await send(client, `${PATH}?dryRun=${plan}&confirm=${confirmed}`, {
    method: 'PUT',
    headers,
    body: text,
  });
  return (await answer.json()) as Plan;
}

async function send(client: ClientConfig, path: string, init: RequestInit): Promise<Response> {
  const headers = { ...(init.headers as object), authorization: `Bearer ${client.adminToken}` };
  const signal = AbortSignal.timeout(LONGEST_WAIT_MS);
  let answer: Response;
  try {
    answer = await fetch(client.url + path, { ...init, headers, signal, redirect: 'error' });
  } catch (error) {
    const { cause, message } = error as Error;
    const why = cause instanceof Error ? cause.message : message;
    throw new Error(
      `No answer from ${client.url}: ${why}\nThe gateway has to run; RESTGATE_URL says where.`,
      { cause: error },
    );
  }
  if (!answer.ok) throw new Error(refusalText(answer.status, await answer.text()));
  return answer;
}

function refusalText(status: number, body: string): string {
  const problem = problemOf(body);
  const lines = (problem?.errors ?? []).map(({ field, message }) => `  - ${field}: ${message}`);
  return [`${status} ${problem?.detail ?? problem?.title ?? 'The gateway refused.'}`, ...lines].join('\n');
}

function problemOf(body: string): Problem | undefined {
  try {
    return JSON.parse(body) as Problem;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

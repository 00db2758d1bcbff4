import { createHash } from 'node:crypto';
import { ATTACHMENT, authorizationOf } from './client.js';
import type { Client, Errand, Outcome } from './client.js';

/** One request that a client of this kind makes. `json` and `file` are bodies; a file goes as multipart form. */
export interface PlainRequest {
  readonly method: 'GET' | 'POST';
  readonly url: string;
  readonly authorization: string;
  readonly json?: unknown;
  readonly file?: Buffer;
}

export interface PlainAnswer {
  readonly status: number;
  readonly body: Buffer;
}

class RefusedError extends Error {
  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message);
  }
}

/** A client made of something that sends single requests. */
export function httpClient(send: (request: PlainRequest) => Promise<PlainAnswer>): Client {
  return async (errand) => {
    try {
      return await run(errand, async (request) => {
        const answer = await send({ ...request, authorization: authorizationOf(errand) });
        if (answer.status >= 300) throw new RefusedError(answer.status, messageOf(answer.body));
        return answer.body;
      });
    } catch (error) {
      if (!(error instanceof RefusedError)) throw error;
      return { error: { status: error.status, message: error.message } };
    }
  };
}

type Ask = (request: Omit<PlainRequest, 'authorization'>) => Promise<Buffer>;

async function run({ url, action }: Errand, ask: Ask): Promise<Outcome> {
  const api = `${url}/rest/api/2`;
  const asJson = async <T>(request: Omit<PlainRequest, 'authorization'>): Promise<T> =>
    JSON.parse((await ask(request)).toString()) as T;
  const read = async (): Promise<string> => {
    const issue = await asJson<{ fields: { summary: string } }>({ method: 'GET', url: `${api}/issue/X-1` });
    return issue.fields.summary;
  };
  const create = async (): Promise<string> => {
    const fields = { project: { key: 'DEMO' }, summary: 'made by a client', issuetype: { name: 'Task' } };
    return (await asJson<{ key: string }>({ method: 'POST', url: `${api}/issue`, json: { fields } })).key;
  };
  if (action === 'create') return { created: await create() };
  const summary = await read();
  if (action !== 'work') return { summary };
  const { total } = await asJson<{ total: number }>({
    method: 'POST',
    url: `${api}/search`,
    json: { jql: 'project = DEMO' },
  });
  const created = await create();
  const [attached] = await asJson<{ content: string }[]>({
    method: 'POST',
    url: `${api}/issue/${created}/attachments`,
    file: ATTACHMENT,
  });
  if (!attached) throw new Error('Nothing was attached.');
  const content = await ask({ method: 'GET', url: attached.content });
  return { summary, found: total, created, sha256: createHash('sha256').update(content).digest('hex') };
}

function messageOf(body: Buffer): string {
  const { errorMessages } = JSON.parse(body.toString()) as { errorMessages: string[] };
  return errorMessages.join('\n');
}

/** The same requests without the client, for machines where it is not installed. */
export const fetchClient: Client = httpClient(async ({ method, url, authorization, json, file }) => {
  const headers: Record<string, string> = { Authorization: authorization, 'X-Atlassian-Token': 'no-check' };
  let body: string | FormData | undefined;
  if (json !== undefined) {
    headers['Content-Type'] = 'application/json';
    body = JSON.stringify(json);
  }
  if (file) {
    body = new FormData();
    body.append('file', new Blob([new Uint8Array(file)]), 'notes.bin');
  }
  const answer = await fetch(url, { method, headers, body });
  return { status: answer.status, body: Buffer.from(await answer.arrayBuffer()) };
});

import { createHash } from 'node:crypto';
import { runClient } from '../client-world.js';

/** What a client is asked to do. */
export interface Errand {
  /** Address of the application. */
  readonly url: string;
  readonly user: string;
  /** An API token of the user. */
  readonly token: string;
  readonly form: 'bearer' | 'basic';
  /** `work`: read, search, create, upload, download; the others only that. `patient`: read three times, waiting when told to. */
  readonly action: 'work' | 'read' | 'create' | 'patient';
  /** Which part of its longest wait python-jira waits. */
  readonly patience?: number;
}

/** What came of it, as the client's user sees it. */
export interface Outcome {
  readonly summary?: string;
  readonly found?: number;
  readonly created?: string;
  /** Of the attachment that was uploaded and downloaded again. */
  readonly sha256?: string;
  /** The error that the client shows. */
  readonly error?: { readonly status: number; readonly message: string };
}

export type Client = (errand: Errand) => Promise<Outcome>;

/** What `work` uploads: every byte there is, in 64 KiB. */
export const ATTACHMENT = Buffer.from(
  Array.from({ length: 65_536 }, (_, index) => (index * 7 + (index >> 8)) & 0xff),
);
export const ATTACHMENT_SHA256 = createHash('sha256').update(ATTACHMENT).digest('hex');

/** A client that is a program: it reads the errand from its environment and prints the outcome as JSON. */
export function programClient(command: string, ...arguments_: string[]): Client {
  return async (errand) => {
    const { code, stdout, stderr } = await runClient(command, arguments_, {
      env: {
        ERRAND: JSON.stringify({ ...errand, attachment: ATTACHMENT.toString('base64') }),
        NO_PROXY: '*',
        no_proxy: '*',
      },
    });
    if (code !== 0) throw new Error(`The client ended with ${code}: ${stderr}`);
    return JSON.parse(stdout) as Outcome;
  };
}

export function authorizationOf({ form, user, token }: Errand): string {
  return form === 'bearer'
    ? `Bearer ${token}`
    : `Basic ${Buffer.from(`${user}:${token}`).toString('base64')}`;
}

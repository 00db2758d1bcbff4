import type { IncomingMessage } from 'node:http';
import type { RequestHead } from '../modules/decisions/exchange.port.js';

/** Forms are small; the products' own limit for parameters is 2 MiB. */
export const LARGEST_FORM_BYTES = 1024 * 1024;

/** Git LFS asks for at most 100 objects at a time; 64 KiB hold several times as many. A login is far smaller. */
export const LARGEST_SMALL_BODY_BYTES = 64 * 1024;

/** A body that has to be read is larger than Restgate reads into memory: 413. */
export class FormTooLargeError extends Error {
  override readonly name = 'FormTooLargeError';
}

/** True when the body is one that a servlet container reads parameters from. */
export function isForm(head: RequestHead): boolean {
  const type = head.contentType;
  return head.hasBody && type !== undefined && /^\s*application\/x-www-form-urlencoded\s*(?:;|$)/i.test(type);
}

/** A request whose client keeps its body until it is told to go on (RFC 9110 section 10.1.1). */
export interface WaitingRequest {
  sendContinue?: (() => void) | undefined;
}

/** Tells a client that waits with its body to send it; once, and only when nobody has refused. */
export function askForBody(request: IncomingMessage): void {
  const waiting = request as WaitingRequest;
  waiting.sendContinue?.();
  waiting.sendContinue = undefined;
}

/**
 * Reads the urlencoded body whole, as latin1 so that every byte survives. `undefined` when the request carries
 * no such body. Throws `FormTooLargeError` (the request can still be answered then), and the stream's error when
 * the client goes away.
 */
export async function readForm(
  request: IncomingMessage | undefined,
  head: RequestHead,
): Promise<string | undefined> {
  if (!request || !isForm(head)) return undefined;
  return (await readBytes(request)).toString('latin1');
}

/** True for a body whose announced length is small enough to be read before it is sent on. */
export function isSmall(request: IncomingMessage): boolean {
  const length = request.headers['content-length'];
  return length !== undefined && Number(length) <= LARGEST_SMALL_BODY_BYTES;
}

/** Reads a whole body. Throws `FormTooLargeError`, and the stream's error when the client goes away. */
export async function readBytes(request: IncomingMessage, limit = LARGEST_FORM_BYTES): Promise<Buffer> {
  if (Number(request.headers['content-length'] ?? 0) > limit) throw tooLarge(limit);
  askForBody(request);
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request.iterator({ destroyOnReturn: false })) {
    const bytes = chunk as Buffer;
    size += bytes.length;
    if (size > limit) throw tooLarge(limit);
    chunks.push(bytes);
  }
  return Buffer.concat(chunks);
}

function tooLarge(limit: number): FormTooLargeError {
  return new FormTooLargeError(`The form or login is larger than ${limit} bytes.`);
}

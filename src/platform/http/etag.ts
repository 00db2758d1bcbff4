import { PreconditionFailedException } from '@nestjs/common';

/** The ETag of a stored version: strong, quoted (RFC 9110 section 8.8.3). */
export function etagOf(version: number): string {
  return `"${version}"`;
}

/**
 * The version that an `If-Match` field expects; undefined when the field is absent or `*` (unconditional).
 * Throws 412 for a value that is no ETag of ours: it cannot match.
 */
export function expectedVersion(ifMatch: string | undefined): number | undefined {
  if (ifMatch === undefined || ifMatch.trim() === '*') return undefined;
  const match = /^(?:W\/)?"(\d{1,9})"$/.exec(ifMatch.trim());
  if (!match) throw new PreconditionFailedException('If-Match holds no ETag of this resource.');
  return Number(match[1]);
}

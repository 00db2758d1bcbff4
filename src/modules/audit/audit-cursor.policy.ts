import { invalidField } from '../../platform/http/problem.js';

/** The place behind which a page begins: events are ordered by time and id, newest first. */
export interface AuditCursor {
  readonly time: string;
  readonly id: string;
}

const SHAPE = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z)\|([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/;

export function encodeCursor({ time, id }: AuditCursor): string {
  return Buffer.from(`${time}|${id}`).toString('base64url');
}

/** Throws 400 for what is no cursor of ours. */
export function decodeCursor(text: string): AuditCursor {
  const match = SHAPE.exec(Buffer.from(text, 'base64url').toString('latin1'));
  const [, time, id] = match ?? [];
  if (time === undefined || id === undefined || Number.isNaN(Date.parse(time))) {
    throw invalidField('cursor', 'is not the nextCursor of a page');
  }
  return { time, id };
}

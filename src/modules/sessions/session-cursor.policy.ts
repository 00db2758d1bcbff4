import { invalidField } from '../../platform/http/problem.js';

/** The place behind which a page of sessions begins: the newest sign-in first. */
export interface SessionPosition {
  readonly createdAt: string;
  readonly id: string;
}

const SHAPE = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z)\|([0-9a-f]{32})$/;

export function cursorOf({ createdAt, id }: SessionPosition): string {
  return Buffer.from(`${createdAt}|${id}`).toString('base64url');
}

/** Throws 400 for what is no cursor of ours. */
export function positionOf(cursor: string | undefined): SessionPosition | undefined {
  if (cursor === undefined) return undefined;
  const [, createdAt, id] = SHAPE.exec(Buffer.from(cursor, 'base64url').toString('latin1')) ?? [];
  if (createdAt === undefined || id === undefined || Number.isNaN(Date.parse(createdAt))) {
    throw invalidField('cursor', 'is not the nextCursor of a page before');
  }
  return { createdAt, id };
}

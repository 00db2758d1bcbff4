import { isIP } from 'node:net';
import { invalidField } from '../../platform/http/problem.js';
import type { AuditFilterQuery } from './dto/audit-filter.dto.js';

const KINDS = new Set(['api-token', 'oauth', 'pat', 'basic', 'oauth1', 'session', 'none']);

export interface SqlStatement {
  readonly text: string;
  readonly values: unknown[];
}

/** Conditions of a WHERE clause and the values of their parameters. Values never become part of the text. */
export class SqlConditions {
  readonly values: unknown[] = [];
  private readonly conditions: string[] = [];

  /** Adds a condition; each `?` in it stands for the next value. */
  add(condition: string, ...values: unknown[]): void {
    let next = 0;
    this.conditions.push(condition.replace(/\?/g, () => this.value(values[next++])));
  }

  /** The placeholder of a value. */
  value(value: unknown): string {
    this.values.push(value);
    return `$${this.values.length}`;
  }

  get where(): string {
    return this.conditions.length === 0 ? 'true' : this.conditions.join(' AND ');
  }
}

/** The filters as SQL conditions. Throws 400 that names the field that cannot be read. */
export function filterConditions(filter: AuditFilterQuery): SqlConditions {
  const sql = new SqlConditions();
  if (filter.from !== undefined) sql.add('time >= ?::timestamptz', timeOf('from', filter.from));
  if (filter.to !== undefined) sql.add('time < ?::timestamptz', timeOf('to', filter.to));
  if (filter.user !== undefined) sql.add('lower(username) = lower(?)', storable(filter.user));
  if (filter.application !== undefined) sql.add('application = ?', storable(filter.application));
  if (filter.decision !== undefined) addDecision(sql, filter.decision);
  if (filter.reason !== undefined) sql.add('reason = ?', storable(filter.reason));
  if (filter.credential !== undefined) addCredential(sql, filter.credential);
  if (filter.status !== undefined) addStatus(sql, filter.status);
  if (filter.ip !== undefined) addAddress(sql, filter.ip);
  if (filter.path !== undefined) sql.add('path ILIKE ?', pattern(storable(filter.path)));
  if (filter.method !== undefined) sql.add('method = ?', storable(filter.method).toUpperCase());
  if (filter.category !== undefined) addCategory(sql, filter.category);
  if (filter.requestId !== undefined) sql.add('request_id = ?', storable(filter.requestId));
  return sql;
}

/** An ISO 8601 time; without an offset it is UTC. Throws 400. */
export function timeOf(field: string, text: string): string {
  const zoned = /T/i.test(text) && !/(?:Z|[+-]\d\d(?::?\d\d)?)$/i.test(text) ? `${text}Z` : text;
  const time = Date.parse(zoned);
  if (Number.isNaN(time)) throw invalidField(field, 'must be an ISO 8601 time');
  return new Date(time).toISOString();
}

function addDecision(sql: SqlConditions, decision: NonNullable<AuditFilterQuery['decision']>): void {
  // Said twice, so that the index of everything else is seen to fit.
  sql.add(decision === 'forwarded' ? 'decision = ?' : "decision = ? AND decision <> 'forwarded'", decision);
}

function addCategory(sql: SqlConditions, category: 'request' | 'admin'): void {
  // Written out, so that the index of admin changes is seen to fit.
  sql.add(category === 'admin' ? "category = 'admin'" : "category = 'request'");
}

function addCredential(sql: SqlConditions, credential: string): void {
  if (KINDS.has(credential)) sql.add('credential_kind = ?', credential);
  else sql.add('credential_id = ?', storable(credential));
}

function addStatus(sql: SqlConditions, status: string): void {
  const first = Number(status[0]) * 100;
  if (/xx$/i.test(status)) sql.add(`status >= ${first} AND status < ${first + 100}`);
  else sql.add(`status = ${Number(status)}`);
}

function addAddress(sql: SqlConditions, ip: string): void {
  const [address = '', bits, more] = ip.split('/');
  const version = isIP(address);
  const most = version === 4 ? 32 : 128;
  const valid = version !== 0 && more === undefined && !address.includes('%');
  if (!valid || (bits !== undefined && (!/^\d{1,3}$/.test(bits) || Number(bits) > most))) {
    throw invalidField('ip', 'must be an IP address or a range such as 10.0.0.0/8');
  }
  if (bits === undefined && version === 4) sql.add('client_ip = ?', address);
  else sql.add('client_ip::inet <<= ?::inet', ip);
}

/** A LIKE pattern that finds the text anywhere; `*` is the only character that is special. */
function pattern(text: string): string {
  const escaped = text.replace(/[\\%_]/g, (character) => `\\${character}`).replace(/\*+/g, '%');
  return `%${escaped}%`;
}

/** PostgreSQL has no NUL in texts, and no event holds one. */
export function storable(text: string): string {
  return text.replaceAll('\u0000', '\ufffd');
}

import { Inject, Injectable } from '@nestjs/common';
import { notFound, ProblemError } from '../../platform/http/problem.js';
import { AUDIT_QUERIES } from '../audit/audit.port.js';
import type { AuditEvent, AuditQueriesPort } from '../audit/audit.port.js';
import type { Question } from './explain.service.js';

const USER_KINDS: ReadonlySet<string> = new Set(['api-token', 'oauth', 'pat', 'basic']);
/** Redaction may leave characters that a request target cannot hold. */
const SENDABLE_QUERY = /^\??[\x21\x24-\x7e]*$/;

/** Turns an audited request back into a question, to be asked of the settings of today. */
@Injectable()
export class AuditedRequestService {
  constructor(@Inject(AUDIT_QUERIES) private readonly audit: AuditQueriesPort) {}

  /** Throws 404 for an unknown event, 409 for one that is no request to an application. */
  async question(eventId: string): Promise<Question> {
    const event = await this.audit.findEvent(eventId);
    if (!event) throw notFound(`The audit event ${eventId}`);
    const { category, application, method, path } = event;
    if (category !== 'request' || !application || !method || !path) {
      throw new ProblemError(409, 'not_explainable', 'The audit event is no request to an application.');
    }
    const kind = event.credentialKind ?? 'none';
    const username = USER_KINDS.has(kind) ? event.user : undefined;
    return {
      application,
      method,
      path: `${path}${queryOf(event)}`,
      clientIp: event.clientIp ?? event.peerIp ?? '',
      kind,
      ...(username === undefined ? {} : { username }),
    };
  }
}

function queryOf({ query }: AuditEvent): string {
  if (!query || !SENDABLE_QUERY.test(query)) return '';
  return query.startsWith('?') ? query : `?${query}`;
}

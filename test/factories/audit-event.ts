import { v7 as uuidv7 } from 'uuid';
import type { AuditEvent } from '../../src/modules/audit/audit.port.js';

/** An ordinary forwarded request. */
export function auditEvent(over: Partial<AuditEvent> = {}): AuditEvent {
  return {
    id: uuidv7(),
    time: Date.now(),
    requestId: uuidv7(),
    category: 'request',
    decision: 'forwarded',
    application: 'jira',
    method: 'GET',
    path: '/rest/api/2/issue/ABC-1',
    query: '?fields=summary',
    status: 200,
    user: 'alice',
    credentialKind: 'api-token',
    credentialId: uuidv7(),
    credentialName: 'nightly build',
    clientIp: '203.0.113.7',
    peerIp: '10.0.0.1',
    userAgent: 'curl/8.5.0',
    durationMs: 12.3456,
    upstreamMs: 10.5,
    requestBytes: 0,
    responseBytes: 2048,
    configVersion: 3,
    ...over,
  };
}

/** A request that was refused. */
export function deniedEvent(over: Partial<AuditEvent> = {}): AuditEvent {
  return auditEvent({
    decision: 'denied',
    reason: 'group_not_allowed',
    status: 403,
    upstreamMs: undefined,
    ...over,
  });
}

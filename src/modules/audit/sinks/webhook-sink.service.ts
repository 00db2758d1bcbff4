import { Agent, request } from 'undici';
import type { Clock } from '../../../lib/clock.js';
import type { AuditEventView } from '../dto/audit-event.dto.js';
import { checkSinkHost, sinkLookup } from './sink-connection.service.js';
import { SinkRefusedError } from './sink.port.js';
import type { AuditSink } from './sink.port.js';
import { SIGNATURE_HEADER, webhookSignature } from './webhook-signature.policy.js';

const CONNECT_MS = 5000;
const ANSWER_MS = 10_000;
/** Statuses after which the same request may work later; every other 4xx is final. */
const TRY_AGAIN = new Set([401, 403, 404, 408, 409, 425, 429]);

/** Posts events as `{"events":[...]}`, signed where a secret is set. Redirects are not followed. */
export class WebhookSink implements AuditSink {
  readonly name = 'webhook';
  readonly batchSize = 500;
  private readonly agent = new Agent({
    connect: { timeout: CONNECT_MS, lookup: sinkLookup },
    headersTimeout: ANSWER_MS,
    bodyTimeout: ANSWER_MS,
    connections: 1,
  });

  constructor(
    private readonly url: string,
    private readonly secret: string | undefined,
    private readonly clock: Clock,
  ) {}

  async deliver(events: readonly AuditEventView[], signal: AbortSignal): Promise<void> {
    checkSinkHost(new URL(this.url).hostname);
    const body = JSON.stringify({ events });
    const headers: Record<string, string> = { 'content-type': 'application/json', 'user-agent': 'restgate' };
    if (this.secret !== undefined) {
      headers[SIGNATURE_HEADER] = webhookSignature(body, this.secret, Math.floor(this.clock.now() / 1000));
    }
    const answer = await request(this.url, { method: 'POST', headers, body, dispatcher: this.agent, signal });
    await answer.body.dump({ limit: 65_536, signal });
    const { statusCode } = answer;
    if (statusCode >= 200 && statusCode < 300) return;
    const message = `The webhook answered ${statusCode}.`;
    if (statusCode >= 400 && statusCode < 500 && !TRY_AGAIN.has(statusCode))
      throw new SinkRefusedError(message);
    throw new Error(message);
  }

  close(): void {
    void this.agent.destroy();
  }
}

import type { Exchange, FailureSwitch } from './types.js';
import { send } from './answers.js';

/** Switches that a test sets to make the product misbehave on chosen paths. */
export class Failures {
  private active: FailureSwitch[] = [];

  add(failure: FailureSwitch): void {
    this.active.push({ ...failure });
  }

  clear(): void {
    this.active = [];
  }

  /** Applies the first matching switch; true when nothing more is to be answered. */
  async apply(exchange: Exchange): Promise<boolean> {
    const hit = this.active.find((each) => each.times !== 0 && exchange.path.startsWith(each.pathPrefix));
    if (hit === undefined) return false;
    if (hit.times !== undefined) hit.times -= 1;
    if (hit.delayMs !== undefined) await new Promise((resolve) => setTimeout(resolve, hit.delayMs));
    if (hit.action === 'hang') return true;
    if (hit.action === 'reset') {
      exchange.request.socket.resetAndDestroy();
      return true;
    }
    if (hit.status === undefined) return false;
    for (const [name, value] of Object.entries(hit.headers ?? {})) exchange.response.setHeader(name, value);
    return send(
      exchange,
      hit.status,
      hit.headers?.['Content-Type'] ?? 'text/html;charset=UTF-8',
      hit.body ?? '',
    );
  }
}

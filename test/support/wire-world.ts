import { rawRequest } from './raw-http.js';
import type { RawResult } from './raw-http.js';
import { startWorld } from './world.js';
import type { World } from './world.js';

export const MYSELF = '/jira/rest/api/2/myself';
export const HELPERS = '/jira/rest/standin/1.0/';
export const SYNCHRONY = '/jira/synchrony/v1/bayeux';
export const WEBSOCKET = [
  'Connection: Upgrade',
  'Upgrade: websocket',
  'Sec-WebSocket-Version: 13',
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
];

/** The head of a request as it goes over the wire. */
export function head(method: string, target: string, ...fields: string[]): string {
  return [`${method} ${target} HTTP/1.1`, 'Host: gw.test', ...fields, '', ''].join('\r\n');
}

export function statuses(result: RawResult): number[] {
  return result.responses.map(({ status }) => status);
}

/** A world that is spoken to in bytes, where Alice has a token that is known already. */
export class WireWorld {
  private constructor(
    readonly world: World,
    /** Alice's field `Authorization`. */
    readonly alice: string,
  ) {}

  static async start(): Promise<WireWorld> {
    const world = await startWorld();
    const wire = new WireWorld(world, `Authorization: Bearer ${await world.tokenOf('alice')}`);
    await wire.expectAlive();
    return wire;
  }

  get target(): { port: number } {
    return { port: this.world.gateway.port };
  }

  /** A small read by Alice. */
  me(...fields: string[]): string {
    return head('GET', MYSELF, this.alice, ...fields);
  }

  exchange(bytes: string, expectResponses: number): Promise<RawResult> {
    return rawRequest(this.target, bytes, { expectResponses });
  }

  untilClosed(bytes: string): Promise<RawResult> {
    return rawRequest(this.target, bytes, { untilClosed: true });
  }

  async expectAlive(): Promise<void> {
    expect((await this.world.fetch(MYSELF, 'alice')).status).toBe(200);
  }
}

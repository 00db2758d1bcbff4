import { Inject, Injectable, Optional } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { tooManyFailures } from './access.errors.js';
import { CLIENT_ADDRESS } from './access.port.js';
import type { ClientAddressPort } from './access.port.js';
import { FailedSignIns } from './failed-sign-ins.service.js';

const MAPPED_IPV4 = '::ffff:';

/** Where control-plane callers come from, and whether they failed too often. */
@Injectable()
export class CallerAddress {
  constructor(
    private readonly failedSignIns: FailedSignIns,
    @Optional() @Inject(CLIENT_ADDRESS) private readonly addresses: ClientAddressPort | undefined,
  ) {}

  /** The caller's address. Throws 429 while too many sign-ins failed from there. */
  admitted(request: FastifyRequest, now: number): string {
    const peer = request.raw.socket.remoteAddress ?? '';
    const plain = peer.startsWith(MAPPED_IPV4) ? peer.slice(MAPPED_IPV4.length) : peer;
    const address = this.addresses ? this.addresses.of(plain, request.headers) : plain;
    const wait = this.failedSignIns.retryAfterSeconds(address, now);
    if (wait > 0) throw tooManyFailures(wait);
    return address;
  }

  noteFailure(address: string, now: number): void {
    this.failedSignIns.note(address, now);
  }
}

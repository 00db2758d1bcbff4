import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { connect, isIP } from 'node:net';
import type { Socket } from 'node:net';
import { hostname } from 'node:os';
import { connect as connectTls } from 'node:tls';
import type { SyslogSink as SyslogSettings } from '../audit-settings.port.js';
import type { AuditEventView } from '../dto/audit-event.dto.js';
import { checkSinkHost, sinkAddress, sinkLookup } from './sink-connection.service.js';
import type { AuditSink } from './sink.port.js';
import { datagram, framed, syslogMessage } from './syslog-message.policy.js';

const CONNECT_MS = 5000;
const WRITE_MS = 10_000;
/** What every network carries in one piece or as fragments (RFC 5426 section 3.2 asks for 2048 at least). */
const DATAGRAM_BYTES = 8192;

/** Sends events to a syslog server (RFC 5424) over TCP, TLS with certificate check, or UDP. */
export class SyslogSink implements AuditSink {
  readonly name = 'syslog';
  readonly batchSize = 100;
  private socket: Socket | undefined;

  constructor(private readonly settings: SyslogSettings) {}

  async deliver(events: readonly AuditEventView[], signal: AbortSignal): Promise<void> {
    checkSinkHost(this.settings.host);
    const messages = events.map((event) =>
      syslogMessage(event, this.settings.facility, hostname(), String(process.pid)),
    );
    if (this.settings.protocol === 'udp') await this.sendDatagrams(messages);
    else await this.write(Buffer.concat(messages.map(framed)), signal);
  }

  close(): void {
    this.socket?.destroy();
    this.socket = undefined;
  }

  /** Resolves when the system took all bytes. */
  private async write(bytes: Buffer, signal: AbortSignal): Promise<void> {
    const socket = this.socket ?? (await this.open(signal));
    await new Promise<void>((resolve, reject) => {
      const end = (error: Error | null | undefined): void => {
        clearTimeout(timer);
        socket.off('close', closed);
        if (!error) resolve();
        else {
          this.close();
          reject(error);
        }
      };
      const closed = (): void => end(new Error('The syslog server closed the connection.'));
      const timer = setTimeout(() => end(new Error('The syslog server does not read.')), WRITE_MS);
      socket.once('close', closed);
      socket.write(bytes, end);
    });
  }

  private async open(signal: AbortSignal): Promise<Socket> {
    const { host, port, protocol } = this.settings;
    const socket =
      protocol === 'tls'
        ? connectTls({ host, port, lookup: sinkLookup, ...(isIP(host) === 0 && { servername: host }) })
        : connect({ host, port, lookup: sinkLookup });
    const limit = AbortSignal.any([signal, AbortSignal.timeout(CONNECT_MS)]);
    try {
      await once(socket, protocol === 'tls' ? 'secureConnect' : 'connect', { signal: limit });
    } catch (error) {
      socket.destroy();
      throw error;
    }
    // Whatever ends the connection: the next delivery makes another.
    socket.on('error', () => socket.destroy());
    socket.on('close', () => {
      if (this.socket === socket) this.socket = undefined;
    });
    socket.resume();
    socket.setKeepAlive(true, 30_000);
    this.socket = socket;
    return socket;
  }

  private async sendDatagrams(messages: readonly string[]): Promise<void> {
    const { address, family } = await sinkAddress(this.settings.host);
    const socket = createSocket(family === 6 ? 'udp6' : 'udp4');
    try {
      for (const message of messages)
        await sendDatagram(socket, datagram(message, DATAGRAM_BYTES), this.settings.port, address);
    } finally {
      socket.close();
    }
  }
}

function sendDatagram(
  socket: ReturnType<typeof createSocket>,
  bytes: Buffer,
  port: number,
  host: string,
): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.send(bytes, port, host, (error) => (error ? reject(error) : resolve()));
  });
}

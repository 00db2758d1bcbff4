import { connect, createServer } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';

/** A TCP line to a server that tests can cut and mend, or let go silent. */
export class CutLine {
  private readonly sockets = new Set<Socket>();
  private cutOff = false;
  private silent = false;

  private constructor(
    private readonly server: Server,
    readonly port: number,
  ) {}

  static async to(host: string, port: number): Promise<CutLine> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const line = new CutLine(server, (server.address() as AddressInfo).port);
    server.on('connection', (near: Socket) => line.join(near, connect(port, host)));
    return line;
  }

  /** Breaks every connection and refuses new ones. */
  cut(): void {
    this.cutOff = true;
    for (const socket of this.sockets) socket.destroy();
  }

  /** Connections stay, but nothing comes through any more. */
  goSilent(): void {
    this.silent = true;
  }

  /** The connections that there are stay, but nothing comes through them any more, even when the line is mended. */
  loseOpen(): void {
    for (const socket of this.sockets) socket.removeAllListeners('data').resume();
  }

  mend(): void {
    this.cutOff = this.silent = false;
  }

  async close(): Promise<void> {
    this.cut();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private join(near: Socket, far: Socket): void {
    if (this.cutOff) {
      near.destroy();
      far.destroy();
      return;
    }
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      this.sockets.add(from);
      from.on('error', () => from.destroy());
      from.on('close', () => {
        this.sockets.delete(from);
        to.destroy();
      });
      from.on('data', (data: Buffer) => {
        if (!this.silent) to.write(data);
      });
    }
  }
}

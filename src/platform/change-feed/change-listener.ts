import pg from 'pg';
import type { DataSource } from 'typeorm';
import type { Logger } from '../logging/logger.js';

const POLL_MS = 1500;
const RECONNECT_MS = 500;
const CONNECT_TIMEOUT_MS = 3000;

/**
 * Holds one connection that LISTENs, and polls as a safety net. `onSignal(true)` means that changes may have
 * been missed and everything is to be reloaded. A lost connection is made again until `stop`.
 */
export class ChangeListener {
  private client: pg.Client | undefined;
  private pollTimer: NodeJS.Timeout | undefined;
  private reconnectTimer: NodeJS.Timeout | undefined;
  private stopped = false;
  private running = false;
  private again = false;

  constructor(
    private readonly dataSource: DataSource,
    private readonly channel: string,
    private readonly log: Logger,
    private readonly onSignal: (missedChanges: boolean) => Promise<void>,
  ) {}

  get connected(): boolean {
    return this.client !== undefined;
  }

  async start(): Promise<void> {
    await this.connect();
    this.pollTimer = setInterval(() => void this.signal(false), POLL_MS);
  }

  async stop(): Promise<void> {
    this.stopped = true;
    clearInterval(this.pollTimer);
    clearTimeout(this.reconnectTimer);
    const client = this.client;
    this.client = undefined;
    await client?.end();
  }

  private async connect(): Promise<void> {
    const options = this.dataSource.options as { readonly url?: string };
    const client = new pg.Client({
      connectionString: options.url,
      application_name: 'restgate-changes',
      connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
      keepAlive: true,
    });
    client.on('error', (error) => this.lost(client, error));
    client.on('end', () => this.lost(client, undefined));
    client.on('notification', () => void this.signal(false));
    await client.connect();
    await client.query(`LISTEN ${this.channel}`);
    // Stopped while the connection was being made: nobody would ever end it.
    if (this.stopped) await client.end();
    else this.client = client;
  }

  private lost(client: pg.Client, error: Error | undefined): void {
    if (this.stopped || this.client !== client) return;
    this.client = undefined;
    this.log.warn({ err: error }, 'lost the connection that follows settings changes');
    this.scheduleReconnect();
  }

  private scheduleReconnect(): void {
    if (this.stopped) return;
    this.reconnectTimer = setTimeout(() => {
      this.connect()
        .then(() => this.signal(true))
        .catch((error: unknown) => {
          this.log.debug({ err: error }, 'cannot follow settings changes yet');
          this.scheduleReconnect();
        });
    }, RECONNECT_MS);
  }

  /** One run at a time; a signal during a run causes one more. */
  private async signal(missedChanges: boolean): Promise<void> {
    if (this.running) {
      this.again = true;
      return;
    }
    this.running = true;
    try {
      await this.onSignal(missedChanges);
    } catch (error) {
      this.log.warn({ err: error }, 'could not read settings changes; the settings in memory stay in force');
      if (missedChanges && !this.stopped)
        this.reconnectTimer = setTimeout(() => void this.signal(true), RECONNECT_MS);
    } finally {
      this.running = false;
    }
    if (this.again && !this.stopped) {
      this.again = false;
      await this.signal(false);
    }
  }
}

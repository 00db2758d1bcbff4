import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { WebSocket } from 'undici';
import { eventually } from './dataplane.js';

const CHROMIUM = '/usr/bin/chromium';
const FLAGS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-dev-shm-usage',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--remote-debugging-port=0',
];
const LONGEST_GOODBYE_MS = 5000;
const ENDPOINT = /DevTools listening on (ws:\/\/\S+)/;

interface Message {
  readonly id?: number;
  readonly method?: string;
  readonly params?: Record<string, unknown>;
  readonly result?: Record<string, unknown>;
  readonly error?: { readonly message: string };
}

/** One tab of a real browser, driven over the Chrome DevTools protocol. */
export class Browser {
  /** What the browser itself complained about: blocked by a policy, not found, script errors. */
  readonly complaints: string[] = [];
  private readonly waiting = new Map<number, (message: Message) => void>();
  private lastId = 0;
  private session: string | undefined;

  private constructor(
    private readonly child: ChildProcess,
    private readonly folder: string,
    private readonly socket: WebSocket,
  ) {
    socket.addEventListener('message', (event) => this.receive(JSON.parse(String(event.data)) as Message));
  }

  static isInstalled(): boolean {
    return existsSync(CHROMIUM);
  }

  static async start(): Promise<Browser> {
    const folder = mkdtempSync(join(tmpdir(), 'restgate-browser-'));
    const child = spawn(CHROMIUM, [...FLAGS, `--user-data-dir=${folder}`, 'about:blank'], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let output = '';
    child.stderr?.on('data', (chunk: Buffer) => (output += chunk.toString('utf8')));
    const url = await eventually('the browser listens', () => ENDPOINT.exec(output)?.[1]);
    const socket = new WebSocket(url);
    await new Promise<void>((resolve, reject) => {
      socket.addEventListener('open', () => resolve());
      socket.addEventListener('error', () => reject(new Error('The browser cannot be driven.')));
    });
    const browser = new Browser(child, folder, socket);
    await browser.openTab();
    return browser;
  }

  /** Goes there and waits until the page is there. */
  async goTo(url: string): Promise<void> {
    await this.send('Page.navigate', { url });
    await this.settled();
  }

  async reload(): Promise<void> {
    await this.evaluate('window.isOld = true');
    await this.send('Page.reload');
    await eventually('the page again', () => this.evaluate<boolean>('window.isOld === undefined'));
    await this.settled();
  }

  /** The value of an expression in the page; promises are awaited. */
  async evaluate<T>(expression: string): Promise<T> {
    const { result, exceptionDetails } = (await this.send('Runtime.evaluate', {
      expression,
      awaitPromise: true,
      returnByValue: true,
    })) as {
      result: { value: T };
      exceptionDetails?: { text: string; exception?: { description?: string } };
    };
    if (exceptionDetails) throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text);
    return result.value;
  }

  /** Waits until the page's address begins so and the page is there. */
  async untilAt(address: string): Promise<void> {
    await eventually(`the browser at ${address}`, async () => (await this.address()).startsWith(address));
    await this.settled();
  }

  address(): Promise<string> {
    return this.evaluate<string>('location.href');
  }

  /** A PNG of what is seen. */
  async screenshot(): Promise<Buffer> {
    const { data } = (await this.send('Page.captureScreenshot', { format: 'png' })) as { data: string };
    return Buffer.from(data, 'base64');
  }

  /** Ends the browser with all its processes, so that nobody writes into its folder any more. */
  async stop(): Promise<void> {
    const exited = once(this.child, 'exit');
    this.session = undefined;
    const killer = setTimeout(() => this.child.kill('SIGKILL'), LONGEST_GOODBYE_MS);
    this.socket.send(JSON.stringify({ id: ++this.lastId, method: 'Browser.close' }));
    await exited;
    clearTimeout(killer);
    await eventually('the browser left its folder', () => isRemoved(this.folder));
  }

  private async openTab(): Promise<void> {
    const { targetId } = await this.send('Target.createTarget', { url: 'about:blank' });
    const { sessionId } = await this.send('Target.attachToTarget', { targetId, flatten: true });
    this.session = sessionId as string;
    for (const domain of ['Page', 'Runtime', 'Log', 'Audits']) await this.send(`${domain}.enable`);
  }

  private async settled(): Promise<void> {
    await eventually('the whole page', () => this.evaluate<boolean>("document.readyState === 'complete'"));
  }

  private send(method: string, params: Record<string, unknown> = {}): Promise<Record<string, unknown>> {
    const id = ++this.lastId;
    return new Promise((resolve, reject) => {
      this.waiting.set(id, ({ result, error }) =>
        error ? reject(new Error(`${method}: ${error.message}`)) : resolve(result ?? {}),
      );
      this.socket.send(
        JSON.stringify({ id, method, params, ...(this.session && { sessionId: this.session }) }),
      );
    });
  }

  private receive(message: Message): void {
    if (message.id !== undefined) {
      this.waiting.get(message.id)?.(message);
      this.waiting.delete(message.id);
    } else if (isComplaint(message)) {
      this.complaints.push(JSON.stringify(message.params));
    }
  }
}

function isRemoved(folder: string): boolean {
  try {
    rmSync(folder, { recursive: true, force: true });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOTEMPTY') throw error;
    return false;
  }
}

/** Audits also criticise forms and markup; of those only broken policies count. */
function isComplaint({ method, params }: Message): boolean {
  if (method === 'Audits.issueAdded') return JSON.stringify(params).includes('ContentSecurityPolicyIssue');
  return method === 'Log.entryAdded' || method === 'Runtime.exceptionThrown';
}

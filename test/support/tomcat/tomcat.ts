import { spawn, spawnSync } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseResponses } from '../raw-http.js';

/** Where Debian's packages libtomcat9-embed-java and libtomcat10-embed-java put their libraries. */
const LIBRARIES = '/usr/share/java';
const SOURCE = join(process.cwd(), 'test', 'support', 'tomcat', 'PathServer.java');
const START_TIMEOUT_MS = 60_000;

/** How Tomcat mapped one path; `undefined` where it refused it itself. */
export interface Mapping {
  readonly servlet: string;
  readonly contextPath: string;
  readonly servletPath: string;
  readonly pathInfo: string;
}

/** The newest embedded Tomcat of this machine; undefined without one, or without a JDK. */
export function tomcatLibrary(): string | undefined {
  if (!existsSync(LIBRARIES) || spawnSync('javac', ['-version']).status !== 0) return undefined;
  const found = readdirSync(LIBRARIES).filter((name) => /^tomcat\d+-embed-core\.jar$/.test(name));
  const newest = found.sort((a, b) => versionOf(a) - versionOf(b)).at(-1);
  return newest === undefined ? undefined : join(LIBRARIES, newest);
}

function versionOf(name: string): number {
  return Number(/\d+/.exec(name)?.[0]);
}

/** A real Tomcat on loopback: in two contexts (`` and `/jira`) a servlet at `/rest/*` and the default servlet. */
export class RealTomcat {
  private constructor(
    private readonly child: ChildProcess,
    private readonly home: string,
    readonly port: number,
  ) {}

  static async start(library: string): Promise<RealTomcat> {
    const home = mkdtempSync(join(tmpdir(), 'restgate-tomcat-'));
    const source = readFileSync(SOURCE, 'utf8');
    // Tomcat 9 is older than the move of the servlet API to another package.
    const fitting = library.includes('tomcat9-')
      ? source.replaceAll('jakarta.servlet', 'javax.servlet')
      : source;
    writeFileSync(join(home, 'PathServer.java'), fitting);
    const child = spawn('java', ['-Xmx256m', '-cp', library, join(home, 'PathServer.java'), home], {
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    return new RealTomcat(child, home, await portOf(child));
  }

  /** Sends all paths as they are, pipelined over one connection, and tells how each was mapped. */
  async map(paths: readonly string[]): Promise<(Mapping | undefined)[]> {
    const mappings: (Mapping | undefined)[] = [];
    while (mappings.length < paths.length) {
      const answered = await this.pipeline(paths.slice(mappings.length));
      if (answered.length === 0) throw new Error(`Tomcat did not answer ${paths[mappings.length]}`);
      mappings.push(...answered);
    }
    return mappings;
  }

  async stop(): Promise<void> {
    const ended = new Promise((resolve) => this.child.once('exit', resolve));
    if (this.child.exitCode === null) {
      this.child.stdin?.end();
      await ended;
    }
    rmSync(this.home, { recursive: true, force: true });
  }

  /** Tomcat closes the connection after a request that it refuses: then fewer answers come than were asked. */
  private pipeline(paths: readonly string[]): Promise<(Mapping | undefined)[]> {
    return new Promise((resolve, reject) => {
      const socket = connect({ port: this.port, host: '127.0.0.1' });
      const chunks: Buffer[] = [];
      socket.on('data', (chunk) => chunks.push(chunk));
      socket.on('error', reject);
      socket.on('close', () => {
        const { responses } = parseResponses(Buffer.concat(chunks), ['GET'], true);
        resolve(responses.map(({ status, body }) => (status === 200 ? mappingOf(body) : undefined)));
      });
      const last = paths.length - 1;
      const requests = paths.map(
        (path, i) => `GET ${path} HTTP/1.1\r\nHost: t\r\n${i === last ? 'Connection: close\r\n' : ''}\r\n`,
      );
      socket.write(Buffer.from(requests.join(''), 'latin1'));
    });
  }
}

function mappingOf(body: Buffer): Mapping {
  const [servlet = '', contextPath = '', servletPath = '', pathInfo = ''] = body.toString('utf8').split('\0');
  return { servlet, contextPath, servletPath, pathInfo };
}

function portOf(child: ChildProcess): Promise<number> {
  return new Promise((resolve, reject) => {
    let out = '';
    let errors = '';
    const late = setTimeout(
      () => reject(new Error(`Tomcat did not start in time: ${errors}`)),
      START_TIMEOUT_MS,
    );
    child.stderr?.on('data', (chunk: Buffer) => (errors += chunk.toString('utf8')));
    child.stdout?.on('data', (chunk: Buffer) => {
      out += chunk.toString('utf8');
      if (!out.includes('\n')) return;
      clearTimeout(late);
      resolve(Number(out.trim()));
    });
    child.on('error', reject);
    child.on('exit', (code) => reject(new Error(`Tomcat ended with status ${code}: ${errors}`)));
  });
}

// Keeps the embedded PostgreSQL from outliving the gateway. The gateway holds the other end of stdin: when it
// closes, for whatever reason (kill -9 included), PostgreSQL is asked to stop, and forced if it does not.
//
// usage: postgres-supervisor.mjs <marker> <gateway pid> <machine> <owner file> <uid or -> <gid or -> <postgres> <arguments...>
// Marker and gateway pid are there to be read from the process list by the next gateway that wants the
// directory. The owner file tells the same to a gateway that cannot see our processes (another container).
import { spawn } from 'node:child_process';
import { readFileSync, rmSync, writeFile } from 'node:fs';

const immediateAfterMs = 20_000;
const signOfLifeMs = 2_000;
const [machine, ownerFile, uid, gid, postgres, ...args] = process.argv.slice(4);
const owner = `${machine}\n${process.pid}\n`;

// Failing to write (a full disk) must not stop the database; the next sign of life tries again.
const giveSignOfLife = () => writeFile(ownerFile, owner, { mode: 0o644 }, () => undefined);
giveSignOfLife();
setInterval(giveSignOfLife, signOfLifeMs).unref();

const server = spawn(postgres, args, {
  stdio: ['ignore', 'inherit', 'inherit'],
  ...(uid === '-' ? {} : { uid: Number(uid), gid: Number(gid) }),
});

let stopping = false;
function stop() {
  if (stopping) return;
  stopping = true;
  server.kill('SIGINT');
  setTimeout(() => server.kill('SIGQUIT'), immediateAfterMs).unref();
}

function leave(status) {
  try {
    if (readFileSync(ownerFile, 'utf8') === owner) rmSync(ownerFile);
  } finally {
    process.exit(status);
  }
}

process.stdin.on('end', stop);
process.stdin.on('error', stop);
process.stdin.resume();
// Only the gateway decides when PostgreSQL stops.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => {});

server.on('error', (error) => {
  process.stderr.write(`FATAL:  could not run postgres: ${error.message}\n`);
  leave(127);
});
server.on('exit', (status) => leave(status ?? 1));

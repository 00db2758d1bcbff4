// The peer that Restgate is held against: node:http and undici's dispatch, no framework, no checks.
import { createServer } from 'node:http';
import { Pool } from 'undici';

const [, , origin] = process.argv;
const pool = new Pool(origin, { connections: 256, pipelining: 1 });
const HOP = new Set(['connection', 'keep-alive', 'transfer-encoding', 'host']);

function endToEnd(raw) {
  const kept = [];
  for (let i = 0; i < raw.length; i += 2) if (!HOP.has(raw[i].toLowerCase())) kept.push(raw[i], raw[i + 1]);
  return kept;
}

class Handler {
  constructor(response) {
    this.response = response;
  }
  onConnect() {}
  onHeaders(status, rawHeaders, resume, text) {
    this.resume = resume;
    const headers = [];
    for (let i = 0; i < rawHeaders.length; i += 2) {
      const name = rawHeaders[i].toString('latin1');
      if (!HOP.has(name.toLowerCase())) headers.push(name, rawHeaders[i + 1].toString('latin1'));
    }
    this.response.writeHead(status, text, headers);
    return true;
  }
  onData(chunk) {
    if (this.response.write(chunk)) return true;
    this.response.once('drain', this.resume);
    return false;
  }
  onComplete() {
    this.response.end();
  }
  onError() {
    this.response.destroy();
  }
}

const server = createServer({ keepAliveTimeout: 60_000 }, (request, response) => {
  const hasBody = request.method !== 'GET' && request.method !== 'HEAD';
  pool.dispatch(
    {
      path: request.url,
      method: request.method,
      headers: endToEnd(request.rawHeaders),
      body: hasBody ? request : null,
    },
    new Handler(response),
  );
});
server.listen(0, '127.0.0.1', () => process.stdout.write(`${server.address().port}\n`));
// By its own exit, so that a profile is written where one was asked for.
process.on('SIGTERM', () => process.exit());

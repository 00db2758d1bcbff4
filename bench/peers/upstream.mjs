// The application of the bench: one fixed JSON answer of 1,024 bytes, as alice.
import { createServer } from 'node:http';

const body = Buffer.from(JSON.stringify({ name: 'alice', filler: 'x'.repeat(1024 - 29) }));
const headers = [
  'Content-Type',
  'application/json',
  'Content-Length',
  String(body.length),
  'X-AUSERNAME',
  'alice',
];
const server = createServer({ keepAliveTimeout: 60_000 }, (request, response) => {
  request.resume();
  response.writeHead(200, headers);
  response.end(body);
});
server.listen(Number(process.argv[2] ?? 0), '127.0.0.1', () =>
  process.stdout.write(`${server.address().port}\n`),
);

// Sends the same request over N keep-alive connections for some seconds; prints counts and latencies as JSON.
import { connect } from 'node:net';

const [, , port, connections, seconds, path, authorization] = process.argv;
const fields = authorization ? `Authorization: ${authorization}\r\n` : '';
const bytes = Buffer.from(
  `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\nUser-Agent: bench\r\nAccept: */*\r\n${fields}\r\n`,
);
const end = performance.now() + Number(seconds) * 1000;
const latencies = [];
let errors = 0;

function worker() {
  return new Promise((resolve) => {
    const socket = connect({ port: Number(port), host: '127.0.0.1', noDelay: true });
    let need = -1;
    let got = '';
    let have = 0;
    let sentAt = 0;
    const send = () => {
      if (performance.now() >= end) {
        socket.destroy();
        resolve();
        return;
      }
      need = -1;
      got = '';
      have = 0;
      sentAt = performance.now();
      socket.write(bytes);
    };
    socket.on('connect', send);
    socket.on('data', (chunk) => {
      have += chunk.length;
      if (need < 0) {
        got += chunk.toString('latin1');
        const head = got.indexOf('\r\n\r\n');
        if (head < 0) return;
        if (!got.startsWith('HTTP/1.1 200')) errors++;
        need = head + 4 + Number(/content-length: (\d+)/i.exec(got)?.[1] ?? 0);
      }
      if (have < need) return;
      latencies.push(performance.now() - sentAt);
      send();
    });
    socket.on('error', () => {
      errors++;
      resolve();
    });
    socket.on('close', resolve);
  });
}

const started = performance.now();
await Promise.all(Array.from({ length: Number(connections) }, worker));
const elapsed = (performance.now() - started) / 1000;
latencies.sort((a, b) => a - b);
const at = (q) => latencies[Math.min(latencies.length - 1, Math.floor(latencies.length * q))] ?? 0;
process.stdout.write(
  `${JSON.stringify({ requests: latencies.length, errors, elapsed, p50: at(0.5), p99: at(0.99) })}\n`,
);

import { RedisWindows } from '../../../src/modules/rate-limit/redis-windows.service.js';

/** A process of its own that hits one window many times at once. Arguments: Redis URL, key, hits, limit, start. */
const [url, key, hits, limit, start] = process.argv.slice(2) as [string, string, string, string, string];

async function run(): Promise<void> {
  const redis = new RedisWindows(url, `worker-${process.pid}`, (error) =>
    process.stderr.write(`${error.message}\n`),
  );
  await redis.connect();
  await new Promise((resolve) => setTimeout(resolve, Math.max(0, Number(start) - Date.now())));
  const counts = await Promise.all(
    Array.from({ length: Number(hits) }, () => redis.hit(key, 3_600_000, Number(limit), undefined)),
  );
  await redis.close();
  process.stdout.write(`${counts.filter(({ allowed }) => allowed).length}\n`);
}

void run();

import { require as load } from 'tsx/cjs/api';
import type * as TestServer from './test-server.js';

export default async function tearDown(): Promise<void> {
  const { stopTestServer } = load('./test-server.ts', __filename) as typeof TestServer;
  await stopTestServer();
}

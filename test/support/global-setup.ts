import { require as load } from 'tsx/cjs/api';
import type * as TestServer from './test-server.js';

/** jest transforms this file but does not resolve `./x.js` to `./x.ts` for it, so tsx loads the rest. */
export default async function setUp(): Promise<void> {
  const { startTestServer } = load('./test-server.ts', __filename) as typeof TestServer;
  await startTestServer();
}

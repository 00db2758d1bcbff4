import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { connectProvider, startWorld } from './world.js';
import type { World } from './world.js';

async function freePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((resolve) => probe.listen(0, '127.0.0.1', resolve));
  const { port } = probe.address() as AddressInfo;
  await new Promise((resolve) => probe.close(resolve));
  return port;
}

/** A world whose browser is sent back to the very gateway. */
export async function startBrowserWorld(): Promise<{ world: World; providerId: string }> {
  const port = await freePort();
  const env = { PUBLIC_URL: `http://127.0.0.1:${port}` };
  const world = await startWorld({ env, port, withoutProvider: true });
  const { id } = await connectProvider(world.gateway, world.provider, 'introspection');
  return { world, providerId: id };
}

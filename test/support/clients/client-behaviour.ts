import { IDENTITY_MODES, startClientWorld } from '../client-world.js';
import type { ClientWorld } from '../client-world.js';
import { issueToken } from '../dataplane.js';
import { ATTACHMENT_SHA256 } from './client.js';
import type { Client, Errand } from './client.js';

/** What every client must be able to do through the gateway, and to show when it is refused. */
export function behavesAsClient(name: string, client: Client): void {
  describe.each(IDENTITY_MODES)(`${name} with identity mode %s`, (identity) => {
    let world: ClientWorld;
    let alice: string;
    const errand = (action: Errand['action'], token: string, form: Errand['form'] = 'bearer'): Errand => ({
      url: world.url,
      user: 'alice',
      token,
      form,
      action,
    });

    beforeAll(async () => {
      world = await startClientWorld({ identity });
      alice = await world.tokenFor('alice');
    }, 60_000);
    beforeEach(() => world.standIn.clear());
    afterAll(() => world?.stop());

    it.each(['bearer', 'basic'] as const)(
      'reads, searches, creates, uploads and downloads with a token as %s',
      async (form) => {
        const outcome = await client(errand('work', alice, form));
        expect(outcome).toEqual({
          summary: 'Issue X-1',
          found: expect.any(Number) as number,
          created: expect.stringMatching(/^DEMO-\d+$/) as string,
          sha256: ATTACHMENT_SHA256,
        });
        const callers = new Set(
          world.standIn.requests.filter((each) => each.user !== 'svc-restgate').map((each) => each.user),
        );
        expect([...callers]).toEqual(['alice']);
      },
    );

    it('shows our message on 401', async () => {
      const { error } = await client(errand('read', `rgt_${'x'.repeat(43)}`));
      expect(error).toMatchObject({
        status: 401,
        message: expect.stringContaining('Copy the whole token') as string,
      });
    });

    it('shows our message on 403', async () => {
      const { token } = await issueToken(world.gateway.admin, 'alice', { scope: 'read' });
      const { error } = await client(errand('create', token));
      expect(error).toMatchObject({
        status: 403,
        message: expect.stringContaining('The token does not allow this call.') as string,
      });
    });

    it('shows our message on 429', async () => {
      const { id, token } = await issueToken(world.gateway.admin, 'alice');
      const overrides = [{ tokenId: id, requests: 1, window: { value: 1, unit: 'hour' } }];
      await world.gateway.admin.call('PUT', '/rate-limit', { enabled: true, overrides });
      expect(await client(errand('read', token))).toEqual({ summary: 'Issue X-1' });
      const { error } = await client(errand('read', token));
      expect(error).toMatchObject({
        status: 429,
        message: expect.stringContaining('Too many requests.') as string,
      });
    });
  });
}

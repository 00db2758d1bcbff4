import { writeFileSync } from 'node:fs';
import { Browser } from '../../support/browser.js';
import { TEST_ADMIN_TOKEN } from '../../support/restgate.js';
import { startBrowserWorld } from '../../support/browser-world.js';
import type { World } from '../../support/world.js';

const MYSELF = '/jira/rest/api/2/myself';

interface Begun {
  readonly authorizationUrl: string;
  readonly state: string;
}

describe('fetching a token', () => {
  let world: World;
  let providerId: string;
  const callback = (): string => `${world.gateway.url}/restgate/oauth/callback`;
  const callAs = async (token: string): Promise<unknown> => {
    const answer = await fetch(world.gateway.url + MYSELF, { headers: { Authorization: `Bearer ${token}` } });
    return answer.json();
  };

  beforeAll(async () => {
    ({ world, providerId } = await startBrowserWorld());
  }, 60_000);
  afterAll(() => world?.stop());

  it('with a client that follows redirects: the token is shown once and works', async () => {
    const answer = await world.gateway.admin.send('POST', `/providers/${providerId}/authorization`);
    const begun = (await answer.json()) as Begun;
    const headers = { Cookie: answer.headers.getSetCookie()[0]?.split(';')[0] ?? '' };
    const back = await world.provider.walkAuthorization(begun.authorizationUrl, 'alice', callback());
    const page = await fetch(back, { headers });
    const text = await page.text();
    expect([page.status, page.headers.get('Cache-Control')]).toEqual([200, 'no-store']);
    const token = /<textarea[^>]*>([^<]+)</.exec(text)?.[1] as string;
    expect(await callAs(token)).toMatchObject({ name: 'alice' });
    const again = await fetch(back, { headers });
    expect([again.status, (await again.text()).includes(token)]).toEqual([400, false]);
  });

  const inBrowser = Browser.isInstalled();
  const told = inBrowser
    ? 'with a real browser'
    : 'with a real browser (chromium is not installed: nothing to drive here)';
  it(`${told}: sign-in form, the token once, nothing after a reload, no complaint about the policy`, async () => {
    if (!inBrowser) return;
    const browser = await Browser.start();
    try {
      await walk(browser);
    } finally {
      await browser.stop();
    }
  }, 60_000);

  /** As an admin does: begin on a page of Restgate's own origin, sign in at the provider, come back. */
  async function walk(browser: Browser): Promise<void> {
    await browser.goTo(`${world.gateway.url}/restgate/docs`);
    const { authorizationUrl, state } = await browser.evaluate<Begun>(
      `fetch('/restgate/api/v1/providers/${providerId}/authorization', {
        method: 'POST', headers: { Authorization: 'Bearer ${TEST_ADMIN_TOKEN}' } }).then((answer) => answer.json())`,
    );
    browser.complaints.length = 0;
    await browser.goTo(authorizationUrl);
    await browser.untilAt(`${world.provider.issuer}/interaction/`);
    await browser.evaluate(
      "document.querySelector('input[name=username]').value = 'alice'; document.querySelector('button').click()",
    );
    await browser.untilAt(callback());
    const shot = process.env['TEST_SCREENSHOT'];
    if (shot !== undefined) writeFileSync(shot, await browser.screenshot());
    const token = await browser.evaluate<string>("document.querySelector('textarea').value");
    expect(await callAs(token)).toMatchObject({ name: 'alice' });
    expect(await browser.evaluate("getComputedStyle(document.querySelector('h1')).fontSize")).toBe('24px');
    const complaintsOfPage = [...browser.complaints];
    await browser.reload();
    expect(await browser.evaluate('document.body.innerText')).not.toContain(token);
    expect(await browser.evaluate('document.title')).toContain('No token');
    expect(complaintsOfPage.filter((each) => !each.includes('favicon.ico'))).toEqual([]);
    const result = await world.gateway.admin.call('GET', `/providers/${providerId}/authorization/${state}`);
    expect(result).toMatchObject({ status: 'complete', accessToken: token });
  }
});

import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Browser } from '../../support/browser.js';
import { startBrowserWorld } from '../../support/browser-world.js';
import { eventually } from '../../support/dataplane.js';
import type { World } from '../../support/world.js';

const TEXT = "document.body?.innerText ?? ''";
const inBrowser = Browser.isInstalled();
const told = (what: string): string =>
  inBrowser ? what : `${what} (chromium is not installed: nothing to drive here)`;

/** What a person sees and does who signs in to the control plane. */
describe('signing in with a real browser', () => {
  let world: World;
  let browsers: Browser[];

  beforeAll(async () => {
    ({ world } = await startBrowserWorld());
    await world.gateway.admin.call('PATCH', '/global-settings', { adminGroups: ['jira-administrators'] });
  }, 60_000);
  beforeEach(() => (browsers = []));
  afterEach(() => Promise.all(browsers.map((browser) => browser.stop())));
  afterAll(() => world?.stop());

  const home = (): string => `${world.gateway.url}/restgate`;

  async function open(): Promise<Browser> {
    const browser = await Browser.start();
    browsers.push(browser);
    await browser.goTo(`${home()}/`);
    return browser;
  }

  const shoot = async (browser: Browser, name: string): Promise<void> => {
    const folder = process.env['TEST_SCREENSHOTS'];
    if (folder === undefined) return;
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, `${name}.png`), await browser.screenshot());
  };

  const shows = (browser: Browser, text: string): Promise<boolean> =>
    eventually(`"${text}" in the page`, async () => (await browser.evaluate<string>(TEXT)).includes(text));

  /** Follows the link of the start page and types the name into the provider's form. */
  async function signIn(browser: Browser, user: string): Promise<void> {
    await shows(browser, 'Sign in with your company account.');
    await browser.evaluate("document.querySelector('#who a').click()");
    await browser.untilAt(`${world.provider.issuer}/interaction/`);
    await browser.evaluate(
      `document.querySelector('input[name=username]').value = '${user}'; document.querySelector('button').click()`,
    );
    await browser.untilAt(home());
  }

  const click = (browser: Browser, id: string): Promise<unknown> =>
    browser.evaluate(`document.getElementById('${id}').click()`);
  const signedIn = (browser: Browser): Promise<number> =>
    browser.evaluate<number>("fetch('/restgate/api/v1/session').then((answer) => answer.status)");

  it(
    told('an admin sees the name and what they may do, and Swagger UI changes a setting without any token'),
    async () => {
      if (!inBrowser) return;
      const browser = await open();
      await shoot(browser, 'start');
      await signIn(browser, 'admin');
      await shows(browser, 'Signed in as admin');
      await shows(browser, 'You may change everything');
      await shoot(browser, 'signed-in-admin');
      browser.complaints.length = 0;
      await browser.goTo(`${home()}/docs`);
      await eventually('Swagger UI', () => browser.evaluate<boolean>('window.ui?.getSystem !== undefined'));
      const change = `window.ui.getSystem().fn.fetch({ url: location.origin + '/restgate/api/v1/global-settings', method: 'PATCH',
        requestInterceptor: window.ui.getConfigs().requestInterceptor,
        headers: { 'Content-Type': 'application/json' }, body: '{"anonymousAccess":"deny"}' }).then((answer) => answer.status)`;
      expect(await browser.evaluate<number>(change)).toBe(200);
      expect(browser.complaints).toEqual([]);
    },
    60_000,
  );

  it(
    told('a user sees that they are no admin; signing out ends the session in this browser only'),
    async () => {
      if (!inBrowser) return;
      const [first, second] = [await open(), await open()];
      await signIn(first, 'alice');
      await signIn(second, 'alice');
      await shows(first, 'Signed in as alice');
      await shows(first, 'You are not an admin.');
      await shoot(first, 'signed-in-user');
      await click(first, 'sign-out');
      await shows(first, 'Sign in with your company account.');
      expect([await signedIn(first), await signedIn(second)]).toEqual([401, 200]);
    },
    60_000,
  );

  it(
    told('signing out everywhere ends the sessions in all browsers of the user'),
    async () => {
      if (!inBrowser) return;
      const [first, second] = [await open(), await open()];
      await signIn(first, 'bob');
      await signIn(second, 'bob');
      await shows(first, 'Signed in as bob');
      await click(first, 'sign-out-everywhere');
      await shows(first, 'Sign in with your company account.');
      expect([await signedIn(first), await signedIn(second)]).toEqual([401, 401]);
    },
    60_000,
  );

  it(
    told('who is in no directory is told so on a readable page'),
    async () => {
      if (!inBrowser) return;
      const browser = await open();
      await signIn(browser, 'stranger');
      await shows(browser, 'Not signed in');
      await shows(browser, 'you have no active account');
      await shoot(browser, 'refused');
      expect(await browser.evaluate("getComputedStyle(document.querySelector('h1')).fontSize")).toBe('24px');
      expect(browser.complaints.filter((each) => each.includes('ContentSecurityPolicy'))).toEqual([]);
    },
    60_000,
  );
});

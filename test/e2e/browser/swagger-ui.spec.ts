import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Browser } from '../../support/browser.js';
import { eventually } from '../../support/dataplane.js';
import { startTestRestgate, TEST_ADMIN_TOKEN } from '../../support/restgate.js';
import type { TestRestgate } from '../../support/restgate.js';

const inBrowser = Browser.isInstalled();
const told = (what: string): string =>
  inBrowser ? what : `${what} (chromium is not installed: nothing to drive here)`;

const AUTHORIZE = '.scheme-container button.authorize';
const TOKEN_FIELD = '.auth-container input';
const IN_DIALOG = '.dialog-ux .auth-btn-wrapper';
const GET_SYSTEM = '[id^="operations-system-"]';

/** The page asks whether somebody is signed in; nobody is, and the browser notes the 401. */
const ASKED_WHO = '/restgate/api/v1/session"';

/** What an admin does who tries the admin API by clicking. */
describe('Swagger UI in a real browser', () => {
  let gateway: TestRestgate;
  let browser: Browser | undefined;

  beforeAll(async () => {
    gateway = await startTestRestgate();
  }, 60_000);
  beforeEach(async () => {
    if (inBrowser) browser = await Browser.start();
  }, 60_000);
  afterEach(async () => {
    await browser?.stop();
    browser = undefined;
  });
  afterAll(() => gateway?.stop());

  const page = (): Browser => browser as Browser;
  const shown = (selector: string): Promise<boolean> =>
    eventually(`${selector} in the page`, () =>
      page().evaluate<boolean>(`document.querySelector('${selector}') !== null`),
    );

  async function click(selector: string): Promise<void> {
    await shown(selector);
    await page().evaluate(`document.querySelector('${selector}').click()`);
  }

  /** As a keyboard would: React does not see a value that is only assigned. */
  async function type(selector: string, text: string): Promise<void> {
    await shown(selector);
    await page().evaluate(`(() => {
      const field = document.querySelector('${selector}');
      Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, 'value').set.call(field, ${JSON.stringify(text)});
      field.dispatchEvent(new Event('input', { bubbles: true }));
    })()`);
  }

  async function shoot(name: string): Promise<void> {
    const folder = process.env['TEST_SCREENSHOTS'];
    if (folder === undefined) return;
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, `${name}.png`), await page().screenshot());
  }

  async function authorize(token: string): Promise<void> {
    await click(AUTHORIZE);
    await type(TOKEN_FIELD, token);
    await shoot('swagger-authorize');
    await click(`${IN_DIALOG} button.authorize`);
    await click(`${IN_DIALOG} button.btn-done`);
  }

  interface Shown {
    readonly status: string;
    readonly body: string;
  }

  /** "Execute" of `GET /system`, whose "Try it out" is open from the start; the answer as the page shows it. */
  async function trySystem(): Promise<Shown> {
    await click(`${GET_SYSTEM} button.opblock-summary-control`);
    await click(`${GET_SYSTEM} button.execute`);
    await shown(`${GET_SYSTEM} .live-responses-table .response-col_status`);
    await page().evaluate(`document.querySelector('${GET_SYSTEM} .live-responses-table').scrollIntoView()`);
    return page().evaluate<Shown>(`(() => {
      const row = document.querySelector('${GET_SYSTEM} .live-responses-table tbody tr.response');
      return {
        status: row.querySelector('.response-col_status').innerText.trim(),
        body: row.querySelector('.response-col_description code, .response-col_description pre').innerText,
      };
    })()`);
  }

  it(
    told('"Authorize" with the admin token, then "Try it out" of GET /system shows the answer'),
    async () => {
      if (!inBrowser) return;
      await page().goTo(`${gateway.url}/restgate/docs`);
      await shown(AUTHORIZE);
      await shoot('swagger-open');
      await authorize(TEST_ADMIN_TOKEN);
      const { status, body } = await trySystem();
      await shoot('swagger-system');
      expect(status).toBe('200');
      expect(body).toContain('"version"');
      expect(page().complaints.filter((each) => !each.includes(ASKED_WHO))).toEqual([]);
    },
    60_000,
  );

  it(
    told('with a wrong token "Try it out" shows the refusal'),
    async () => {
      if (!inBrowser) return;
      await page().goTo(`${gateway.url}/restgate/docs`);
      await authorize('not-the-admin-token');
      const { status, body } = await trySystem();
      await shoot('swagger-refused');
      expect(status).toMatch(/^401/);
      expect(body).toContain('urn:restgate:problem:');
    },
    60_000,
  );
});

import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pino } from 'pino';
import { AppModule } from '../../src/app.module.js';
import type { Config } from '../../src/platform/config/config.js';
import type { DeclaredRoute } from '../support/control-plane/routes.js';
import { declaredRoutes } from '../support/control-plane/routes.js';

const TABLE = join(__dirname, 'access-table.txt');
const HOW_TO_UPDATE =
  'If the change is meant, run this test with UPDATE_ACCESS_TABLE=1 and have the diff reviewed.';

let routes: DeclaredRoute[];

beforeAll(async () => {
  const logger = pino({ level: 'silent' });
  routes = await declaredRoutes(AppModule.forRoot({} as Config, 'postgres://unused', logger));
});

function asText(declared: readonly DeclaredRoute[]): string {
  const lines = declared.map(
    ({ method, path, access }) => `${method.padEnd(7)} ${path.padEnd(62)} ${access}`,
  );
  return `${lines.join('\n')}\n`;
}

describe('who may call each route', () => {
  it('is declared by every route', () => {
    expect(routes.filter(({ access }) => access === 'UNDECLARED')).toEqual([]);
    expect(routes.length).toBeGreaterThan(10);
  });

  it('is what the committed table says', () => {
    const current = asText(routes);
    if (process.env['UPDATE_ACCESS_TABLE'] === '1') writeFileSync(TABLE, current);
    const committed = existsSync(TABLE) ? readFileSync(TABLE, 'utf8') : '';
    const [before, after] = [committed.split('\n'), current.split('\n')];
    const gone = before.filter((line) => !after.includes(line)).map((line) => `- ${line}`);
    const added = after.filter((line) => !before.includes(line)).map((line) => `+ ${line}`);
    const diff = [...gone, ...added];
    expect({ diff, howToUpdate: HOW_TO_UPDATE }).toEqual({ diff: [], howToUpdate: HOW_TO_UPDATE });
  });

  it('lets nobody but the public routes in without a credential', () => {
    const open = routes
      .filter(({ access }) => access === 'public')
      .map(({ method, path }) => `${method} ${path}`);
    const expected =
      /^(GET \/restgate(\/docs.*|\/health\/(live|ready)|\/oauth\/callback|\/session\/sign-in|\/home\.(css|js))?|ALL \/restgate\/\*)$/;
    expect(open.filter((route) => !expected.test(route))).toEqual([]);
  });
});

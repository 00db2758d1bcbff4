/** The directions of docs/architecture: gateway -> modules -> platform -> lib, never back. */
const MODULE = '^src/modules/([^/]+)/';

module.exports = {
  forbidden: [
    {
      name: 'no-cycles',
      severity: 'error',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    {
      name: 'lib-knows-nothing',
      severity: 'error',
      from: { path: '^src/lib/' },
      to: { path: '^(src/(platform|modules|gateway)/|node_modules/@nestjs)' },
    },
    {
      name: 'platform-knows-no-feature',
      severity: 'error',
      from: { path: '^src/platform/' },
      to: { path: '^src/(modules|gateway)/' },
    },
    {
      name: 'nothing-imports-the-gateway',
      severity: 'error',
      from: { path: '^src/(modules|platform|lib)/' },
      to: { path: '^src/gateway/' },
    },
    {
      name: 'modules-meet-at-ports',
      comment: 'Another feature is seen through its .port.ts, .events.ts or .module.ts only.',
      severity: 'error',
      from: { path: MODULE },
      to: { path: '^src/modules/([^/]+)/', pathNot: ['^src/modules/$1/', '\\.(port|events|module)\\.ts$'] },
    },
    {
      name: 'gateway-sees-guards-ports-policies',
      severity: 'error',
      from: { path: '^src/gateway/' },
      to: { path: '^src/modules/', pathNot: '\\.(port|events|module|guard|policy)\\.ts$' },
    },
    {
      name: 'migrations-import-typeorm-only',
      severity: 'error',
      from: { path: '^migrations/' },
      to: { pathNot: '^node_modules/typeorm/' },
    },
    {
      name: 'policies-are-pure',
      comment: 'Rules have no I/O and no Nest (net.isIP is a pure function).',
      severity: 'error',
      from: { path: '\\.policy\\.ts$' },
      to: {
        path: '^(node:)?(fs|http|https|child_process|dns|tls)(/|$)|^node_modules/(@nestjs|typeorm|pg|undici)/',
        dependencyTypesNot: ['type-only'],
      },
    },
    {
      name: 'only-main-listens',
      severity: 'error',
      from: { path: '^src/(?!main\\.ts)' },
      to: { path: '^src/main\\.ts$' },
    },
    {
      name: 'not-to-dev-dependencies',
      severity: 'error',
      from: { path: '^src/' },
      to: { dependencyTypes: ['npm-dev'] },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'require', 'node', 'default'],
    },
  },
};

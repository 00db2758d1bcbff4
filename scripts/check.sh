#!/usr/bin/env bash
# Everything that CI runs, in the order in which it fails fastest.
set -euo pipefail
cd "$(dirname "$0")/.."

step() { printf '\n== %s ==\n' "$1"; shift; "$@"; }

step 'lint' npx eslint . --max-warnings 0
step 'format' npx prettier --check --log-level warn .
step 'types' npx tsc -p tsconfig.json --noEmit
step 'directions' npx depcruise --config .dependency-cruiser.cjs src migrations
step 'dead code' npx knip
step 'build' npm run --silent build
step 'OpenAPI document, configuration schema, typed client' npx tsx scripts/openapi.ts --check
step 'OpenAPI lint' npm run --silent openapi:lint
step 'OpenAPI breaking changes' npm run --silent openapi:breaking
step 'generated pages' npm run --silent docs -- --check
step 'Postman collection' npm run --silent postman -- --check
step 'tests' npx jest

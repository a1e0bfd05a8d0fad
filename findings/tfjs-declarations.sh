#!/bin/sh
# The declarations of @tensorflow/tfjs 4.22.0 do not compile in a project that checks those of its
# packages (`strict`, no `skipLibCheck`), with TypeScript of its own time (4.9, 5.x) as well as today's.
# For us: setup/build.mjs, which keeps them out of the declarations of the package.
# Usage: findings/tfjs-declarations.sh
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
echo '{"private":true}' >package.json
echo "import { scalar } from '@tensorflow/tfjs'; export const one = scalar(1);" >user.ts
npm install --silent --ignore-scripts --no-audit --no-fund @tensorflow/tfjs@4.22.0 @types/node@20

echo "node $(node --version), @tensorflow/tfjs 4.22.0"
echo "expected: a file that imports one function compiles"
status=0
for version in 4.9.5 5.9.2; do
  npm install --silent --no-save --no-audit --no-fund "typescript@$version"
  compile="node_modules/.bin/tsc --strict --noEmit --target es2022 --module node16 --moduleResolution node16 user.ts"
  count=$($compile | grep -c ': error TS' || true)
  skipped=$($compile --skipLibCheck | grep -c ': error TS' || true)
  echo "seen: TypeScript $version: $count errors, all in packages; $skipped with --skipLibCheck"
  [ "$count" -gt 0 ] && [ "$skipped" = 0 ] || status=1
done
exit $status

#!/bin/sh
# A project's .npmrc with ignore-scripts=true, set so that `npm ci` runs nobody's install scripts,
# also keeps `npm pack` from running the project's own prepack: the tarball lacks what it builds,
# the exit status is 0 and nothing is said. For us: .npmrc does not set it (package.json, prepack).
# Usage: findings/npm-pack-without-prepack.sh
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
cat >package.json <<'JSON'
{ "name": "built", "version": "1.0.0", "files": ["dist"],
  "scripts": { "prepack": "mkdir -p dist && echo built > dist/index.js" } }
JSON

echo "node $(node --version), npm $(npm --version)"
pack() {
  rm -rf dist ./*.tgz
  npm pack --silent >/dev/null
  tar -tzf built-1.0.0.tgz | grep -c dist/index.js || true
}
without=$(pack)
echo 'ignore-scripts=true' >.npmrc
with=$(pack)
echo "expected: dist/index.js in the tarball of \`npm pack\`, with and without ignore-scripts"
echo "seen: $without without it, $with with ignore-scripts=true, exit status 0 in both"
[ "$without" = 1 ] && [ "$with" = 0 ]

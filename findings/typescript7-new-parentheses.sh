#!/usr/bin/env bash
# TypeScript 7.0.2 takes the parentheses away with the cast in `new (call() as T).Name()`: it emits
# `new call().Name()`, which makes an object of `call` and calls its method. 5.9.3 keeps them. The types are right in
# both, so nothing is said; the program only fails when it runs.
set -euo pipefail
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
cd "$folder"
cat > made.ts <<'TS'
interface Makers {
  Point: new () => { x: number };
}
function makers(): unknown {
  return { Point: class { x = 7; } };
}
console.log(new (makers() as Makers).Point().x);
TS
for version in 5.9.3 7.0.2; do
  npm install --silent --no-audit --no-fund --prefix "$version" "typescript@$version"
  "$version/node_modules/.bin/tsc" --target es2022 --module esnext --outDir "out-$version" made.ts
  echo "TypeScript $version: $(grep 'console.log' "out-$version/made.js")"
  node --input-type=module < "out-$version/made.js" > "$version.txt" 2>&1 || true
  echo "  runs: $(grep -E '^7|TypeError' "$version.txt" | head -n 1)"
done
grep -qx 7 5.9.3.txt || { echo "5.9.3 has changed"; exit 1; }
grep -q 'console.log(new makers().Point().x)' out-7.0.2/made.js || { echo "7.0.2 has changed"; exit 1; }
grep -q TypeError 7.0.2.txt || { echo "it runs by now"; exit 1; }

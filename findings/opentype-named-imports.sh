#!/usr/bin/env bash
# opentype.js 2.0.0: `import { parse } from 'opentype.js'`, the form of its README, fails in Node; only the default
# export is there. Its ES module is named by `module`, a field that bundlers read and Node does not, and Node finds no
# names in the CommonJS bundle.
#
# Consequence for us: showcase/corpus/glyph.ts takes the default export, and types/opentype.d.ts declares no other.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
echo '{"private": true}' >package.json
npm install --silent --no-audit --no-fund --ignore-scripts opentype.js@2.0.0
echo "node $(node --version), opentype.js 2.0.0"
echo "import { parse } from 'opentype.js'; console.log(typeof parse);" >named.mjs
echo "import opentype from 'opentype.js'; console.log(typeof opentype.parse);" >default.mjs
echo "expected: function, function"
named=$(node named.mjs 2>&1 | grep -E '^(function|SyntaxError)' || true)
default=$(node default.mjs)
echo "seen:     $named, $default"
[[ $named == SyntaxError* && $default == function ]]

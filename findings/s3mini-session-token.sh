#!/usr/bin/env bash
# s3mini 1.0.2 has no place for the token of temporary credentials: `sessionToken` is taken without a
# word and sent nowhere, so keys of roles and single sign-on are refused by AWS.
# Consequence: base/storage/s3/request.ts signs its requests with aws4.
set -euo pipefail
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init --yes >/dev/null
npm install --silent --no-audit --no-fund s3mini@1.0.2 aws4@1.13.2
cat > try.mjs <<'JS'
import aws4 from 'aws4';
import { S3mini } from 's3mini';
const keys = { accessKeyId: 'AKIAEXAMPLE', secretAccessKey: 'example', sessionToken: 'TOKEN' };
let sent;
const s3 = new S3mini({
  ...keys,
  endpoint: 'https://s3.us-east-1.amazonaws.com/bucket',
  region: 'us-east-1',
  fetch: async (_, { headers }) => {
    sent = headers;
    return new Response('content');
  },
});
await s3.getObject('key');
const names = (headers) => Object.keys(headers).map((name) => name.toLowerCase()).sort().join(' ');
const other = aws4.sign({ service: 's3', region: 'us-east-1', host: 's3.us-east-1.amazonaws.com', path: '/bucket/key' }, keys);
console.log(`node ${process.version}, s3mini 1.0.2, aws4 1.13.2`);
console.log('expected: a header x-amz-security-token, which AWS asks for with temporary keys');
console.log(`s3mini sends: ${names(sent)}`);
console.log(`aws4 sends:   ${names(other.headers)}`);
const isIgnored = !names(sent).includes('x-amz-security-token');
process.exit(isIgnored && names(other.headers).includes('x-amz-security-token') ? 0 : 1);
JS
node try.mjs

import test from 'ava';
import { endpointOf } from '../../../../base/storage/s3/endpoint.ts';
import { signed } from '../../../../base/storage/s3/request.ts';

/** The example keys of AWS's documentation. */
const KEYS = {
  accessKeyId: 'AKIAIOSFODNN7EXAMPLE',
  secretAccessKey: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY',
};

test('the token of temporary credentials is sent and signed', (t) => {
  const { headers } = signed(
    { method: 'GET', bucket: 'bucket', key: 'a' },
    { ...KEYS, sessionToken: 'TOKEN' },
  );
  const found = headers as Record<string, string>;
  t.is(found['X-Amz-Security-Token'], 'TOKEN');
  t.regex(found.Authorization, /x-amz-security-token/);
});

test('keys of any characters keep their form', (t) => {
  const key = "a b/ü+~(1)*'!/%2F//..#?.jpg";
  const { path } = signed(
    { method: 'GET', bucket: 'bucket', key, query: { 'list-type': '2' } },
    KEYS,
  );
  t.is(decodeURIComponent(path.split('?')[0].replace(/^\/(bucket\/)?/, '')), key);
  t.regex(path, /\?list-type=2$/);
});

test('addresses: AWS with the bucket in the host, other servers with it in the path', (t) => {
  const aws = endpointOf('photos', 'a/b.jpg', { AWS_REGION: 'eu-west-1' });
  t.like(aws, { isSecure: true, host: 'photos.s3.eu-west-1.amazonaws.com', path: '/a/b.jpg' });
  t.is(endpointOf('my.photos', 'a', {}).path, '/my.photos/a');
  const own = endpointOf('photos', 'a', { AWS_ENDPOINT_URL: 'http://[::1]:9000/s3/' });
  t.like(own, { isSecure: false, hostname: '::1', port: 9000, path: '/s3/photos/a' });
  t.throws(() => endpointOf('photos', 'a', { AWS_ENDPOINT_URL: 'minio:9000' }), { code: 'USAGE' });
});

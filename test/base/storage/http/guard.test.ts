import test from 'ava';
import {
  isPrivateAddress,
  privateHosts,
  publicAddress,
} from '../../../../base/storage/http/guard.ts';

test('addresses of private networks, in every form', (t) => {
  const addresses =
    '127.0.0.1 10.1.2.3 172.16.0.1 172.31.255.255 192.168.1.1 169.254.169.254 100.64.0.1 0.0.0.0 255.255.255.255 224.0.0.1 ::1 :: fe80::1 fd00::1 ::ffff:10.0.0.1 ::ffff:127.0.0.1 64:ff9b::a00:1 2002:a00:1:: ff02::1 localhost';
  for (const address of addresses.split(' ')) t.true(isPrivateAddress(address), address);
  for (const address of [
    '1.1.1.1',
    '172.32.0.1',
    '192.169.0.1',
    '2606:4700::1111',
    '::ffff:1.1.1.1',
  ]) {
    t.false(isPrivateAddress(address), address);
  }
});

test('a host that is private is refused unless it is named', async (t) => {
  await t.throwsAsync(publicAddress('localhost', []), { message: /private network/ });
  await t.throwsAsync(publicAddress('[::1]', []), { message: /private network/ });
  t.true(isPrivateAddress((await publicAddress('127.0.0.1', ['127.0.0.1'])).address));
  t.deepEqual(privateHosts({ CODEC_LM_PRIVATE_HOSTS: 'a, b.example' }), ['a', 'b.example']);
});

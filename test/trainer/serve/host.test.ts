/** An address that other machines reach wants a key. */
import { hostname } from 'node:os';
import test from 'ava';
import { isLocalName, isPrivateHost } from '../../../trainer/serve/host.ts';
import { makeCheckpoint } from '../../helpers/checkpoint.ts';
import { start } from '../../helpers/server.ts';
import { temporaryFolder } from '../../helpers/temporary.ts';
import { run } from '../../helpers/workplace.ts';

const PUBLIC = [
  '0.0.0.0',
  '::',
  '',
  '0',
  '::ffff:0.0.0.0',
  '192.0.2.7',
  '2001:db8::1',
  '::ffff:192.0.2.7',
];
const PRIVATE = ['127.0.0.1', '127.1.2.3', 'localhost', 'LOCALHOST', '::1', '::ffff:127.0.0.1'];

for (const host of PUBLIC) {
  test(`'${host}' without a key is refused, with one it is taken`, async (t) => {
    const error = await t.throwsAsync(isPrivateHost(host, undefined), { code: 'USAGE' });
    t.regex(error!.message, /`apiKey`/);
    t.false(await isPrivateHost(host, 'secret'));
  });
}

for (const host of PRIVATE) {
  test(`'${host}' needs none`, async (t) => t.true(await isPrivateHost(host, undefined)));
}

test('a name counts for what it resolves to, one that resolves to nothing is said so', async (t) => {
  const isOwn = await isPrivateHost(hostname(), 'secret');
  const asked = isPrivateHost(hostname(), undefined);
  if (isOwn) t.true(await asked);
  else await t.throwsAsync(asked, { code: 'USAGE' });
  await t.throwsAsync(isPrivateHost('no.such.host.invalid', undefined), { code: 'CONFIG_INVALID' });
});

test('the name that was listened on is one of this machine, foreign ones are not', (t) => {
  for (const name of ['localhost:80', '127.0.0.1:8000', '[::1]:80', 'Box:80']) {
    t.true(isLocalName(name, 'box'));
  }
  for (const name of ['evil.example', undefined, 'boxes:80']) t.false(isLocalName(name, 'box'));
});

test('trainer serve ends with 2 and the name of the option, before the checkpoint is read', async (t) => {
  const folder = await temporaryFolder(t);
  await makeCheckpoint(folder);
  for (const host of ['0.0.0.0', '::']) {
    const args = ['serve', '--checkpoint', folder, '--host', host, '--port', '0'];
    const done = await run('trainer', args);
    t.is(done.exitCode, 2, done.stderr);
    t.regex(done.stderr, /without a key: set an --api-key/);
    t.is(done.stdout, '');
  }
});

test('with a key it starts for all', async (t) => {
  const { server } = await start(t, { host: '0.0.0.0', apiKey: 'secret' });
  t.regex(server.url, /^http:\/\/0\.0\.0\.0:/);
  const answer = await fetch(`http://127.0.0.1:${new URL(server.url).port}/v1/models`);
  t.is(answer.status, 401);
});

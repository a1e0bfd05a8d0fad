/** Keys from variables, files and the endpoint of a container, and keys that are renewed. */
import { rm, writeFile } from 'node:fs/promises';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import test, { type ExecutionContext } from 'ava';
import { CredentialSource } from '../../../../base/storage/s3/credentials.ts';
import { temporaryFolder } from '../../../helpers/temporary.ts';

const HOUR_MS = 3_600_000;

/** An endpoint as containers have one; its answers are numbered. */
async function startEndpoint(t: ExecutionContext) {
  const state = { asked: 0, token: 'TOKEN-1', goodForMs: HOUR_MS, status: 200 };
  const server = http.createServer(({ headers }, reply) => {
    state.asked++;
    if (state.status !== 200 || headers.authorization !== state.token) {
      return void reply
        .writeHead(state.status === 200 ? 401 : state.status)
        .end('secret-of-nobody');
    }
    const Expiration = new Date(Date.now() + state.goodForMs).toISOString();
    const [AccessKeyId, Token] = [`KEY-${state.asked}`, `SESSION-${state.asked}`];
    reply.end(JSON.stringify({ AccessKeyId, SecretAccessKey: 'secret', Token, Expiration }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.teardown(() => server.close());
  const { port } = server.address() as AddressInfo;
  const tokenFile = join(await temporaryFolder(t), 'token');
  await writeFile(tokenFile, 'TOKEN-1\n');
  const env = {
    AWS_SHARED_CREDENTIALS_FILE: '/none',
    AWS_CONTAINER_CREDENTIALS_FULL_URI: `http://127.0.0.1:${port}/v1/credentials`,
    AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: tokenFile,
  };
  return { state, env, tokenFile };
}

test('a container asks its endpoint once, and again before the keys expire', async (t) => {
  const { state, env, tokenFile } = await startEndpoint(t);
  const source = new CredentialSource(env);
  const found = await Promise.all([source.find(), source.find(), source.find()]);
  t.true(found.every(({ accessKeyId }) => accessKeyId === 'KEY-1'));
  t.deepEqual(await source.find(), {
    accessKeyId: 'KEY-1',
    secretAccessKey: 'secret',
    sessionToken: 'SESSION-1',
  });
  t.is(state.asked, 1);

  const soon = new CredentialSource(env);
  state.goodForMs = 60_000;
  await soon.find();
  state.token = 'TOKEN-2';
  await writeFile(tokenFile, 'TOKEN-2');
  t.is((await soon.find()).accessKeyId, `KEY-${state.asked}`);
  t.is(state.asked, 3);
  state.status = 500;
  t.is((await soon.find()).accessKeyId, 'KEY-3', 'they are good for a minute still');
});

test('keys that the storage has refused are asked for again, and compared', async (t) => {
  const { env } = await startEndpoint(t);
  const source = new CredentialSource(env);
  const old = await source.find();
  t.true(await source.areRenewed(old));
  const renewed = await source.find();
  t.is(renewed.accessKeyId, 'KEY-2');
  t.true(await source.areRenewed(old), 'a late refusal of the old ones');
  t.deepEqual(await source.find(), renewed);
  const fixed = new CredentialSource({ AWS_ACCESS_KEY_ID: 'a', AWS_SECRET_ACCESS_KEY: 'b' });
  t.false(await fixed.areRenewed(await fixed.find()));
});

test('an endpoint that refuses, or that keys may not come from, is told without its answer', async (t) => {
  const { state, env } = await startEndpoint(t);
  state.token = 'ANOTHER';
  const error = await t.throwsAsync(new CredentialSource(env).find(), {
    code: 'STORAGE_CREDENTIALS',
    message: /asking http:\/\/127\.0\.0\.1:\d+ for credentials: it answers 401/,
  });
  t.false(JSON.stringify(error).includes('secret-of-nobody'));
  t.is(state.asked, 3);
  for (const uri of ['http://example.org/keys', 'http://10.0.0.1/', 'file:///keys', 'keys']) {
    const wrong = { ...env, AWS_CONTAINER_CREDENTIALS_FULL_URI: uri };
    await t.throwsAsync(new CredentialSource(wrong).find(), { code: 'USAGE' }, uri);
  }
});

test('variables come before the file, the file before the endpoint', async (t) => {
  const { state, env } = await startEndpoint(t);
  const file = join(await temporaryFolder(t), 'credentials');
  await writeFile(
    file,
    '[default]\naws_access_key_id=FILE\naws_secret_access_key=s\n[other]\naws_access_key_id = OTHER\naws_secret_access_key = s\naws_session_token = T\n',
  );
  const withFile = { ...env, AWS_SHARED_CREDENTIALS_FILE: file };
  t.is((await new CredentialSource(withFile).find()).accessKeyId, 'FILE');
  const other = { ...withFile, AWS_PROFILE: 'other' };
  t.like(await new CredentialSource(other).find(), { accessKeyId: 'OTHER', sessionToken: 'T' });
  const keys = { AWS_ACCESS_KEY_ID: 'VARIABLE', AWS_SECRET_ACCESS_KEY: 's' };
  t.is((await new CredentialSource({ ...other, ...keys }).find()).accessKeyId, 'VARIABLE');
  t.is(state.asked, 0);
  await t.throwsAsync(new CredentialSource({ AWS_SHARED_CREDENTIALS_FILE: '/none' }).find(), {
    code: 'STORAGE_CREDENTIALS',
    message: /no credentials/,
  });
});

test('a file that is being written again is waited for; one that is gone is an error', async (t) => {
  const file = join(await temporaryFolder(t), 'credentials');
  const content = (id: string) =>
    `[default]\naws_access_key_id = ${id}\naws_secret_access_key = s\n`;
  await writeFile(file, content('OLD'));
  const source = new CredentialSource({ AWS_SHARED_CREDENTIALS_FILE: file });
  const old = await source.find();
  await writeFile(file, '');
  const [found, areRenewed] = [source.find(), source.areRenewed(old)];
  await sleep(120);
  await writeFile(file, content('NEW'));
  t.is((await found).accessKeyId, 'NEW');
  t.true(await areRenewed);
  await rm(file);
  await t.throwsAsync(source.find(), { code: 'STORAGE_CREDENTIALS' });
});

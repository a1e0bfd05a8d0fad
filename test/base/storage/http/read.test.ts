/** Files of a web server of this machine, with a certificate of its own. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import https from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import test from 'ava';
import { readWeb } from '../../../../base/storage/http/read.ts';
import { temporaryFolder } from '../../../helpers/temporary.ts';
import { hasTool, testIf } from '../../../helpers/tools.ts';

const limits = { limit: 1000, timeoutMs: 5_000, tooLarge: 'IMAGE_TOO_LARGE' } as const;

testIf(
  hasTool('openssl'),
  'openssl is not installed',
  'files, redirects, limits and times of a web server',
  async (t) => {
    const folder = await temporaryFolder(t);
    const [key, cert] = ['key.pem', 'cert.pem'].map((name) => join(folder, name));
    const subject = ['-subj', '/CN=127.0.0.1', '-addext', 'subjectAltName=IP:127.0.0.1'];
    const made = [
      'req',
      '-x509',
      '-newkey',
      'rsa:2048',
      '-nodes',
      '-days',
      '1',
      '-keyout',
      key,
      '-out',
      cert,
    ];
    execFileSync('openssl', [...made, ...subject], { stdio: 'ignore' });
    let failures = 1;
    const server = https.createServer(
      { key: readFileSync(key), cert: readFileSync(cert) },
      (request, reply) => {
        const answers: Record<string, () => unknown> = {
          '/a.jpg': () => reply.end('picture'),
          '/moved': () => reply.writeHead(302, { location: '/a.jpg' }).end(),
          '/circle': () => reply.writeHead(302, { location: '/circle' }).end(),
          '/plain': () => reply.writeHead(302, { location: 'http://127.0.0.1/a.jpg' }).end(),
          '/inside': () =>
            reply.writeHead(302, { location: `https://localhost:${port}/a.jpg` }).end(),
          '/large': () => reply.end(Buffer.alloc(2000)),
          '/slow': () => reply.write('x'),
          '/sometimes': () => (failures-- > 0 ? reply.writeHead(503).end() : reply.end('at last')),
        };
        const answer = answers[request.url!];
        if (answer) answer();
        else reply.writeHead(404).end();
      },
    );
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    t.teardown(() => {
      server.closeAllConnections();
      server.close();
    });
    https.globalAgent.options.ca = readFileSync(cert);
    const url = (path: string) => `https://127.0.0.1:${port}${path}`;

    await t.throwsAsync(readWeb(url('/a.jpg'), limits), { message: /private network/ });
    process.env.CODEC_LM_PRIVATE_HOSTS = '127.0.0.1';
    process.env.NODE_TLS_REJECT_UNAUTHORIZED = '0';
    t.is((await readWeb(url('/a.jpg'), limits)).toString(), 'picture');
    t.is((await readWeb(url('/moved'), limits)).toString(), 'picture');
    t.is((await readWeb(url('/sometimes'), limits)).toString(), 'at last');
    await t.throwsAsync(readWeb(url('/none'), limits), { message: 'the server says 404' });
    await t.throwsAsync(readWeb(url('/circle'), limits), { message: 'more than 5 redirects' });
    await t.throwsAsync(readWeb(url('/plain'), limits), { message: /only https/ });
    await t.throwsAsync(readWeb(url('/inside'), limits), {
      message: /localhost is an address of a private network/,
    });
    await t.throwsAsync(readWeb(url('/large'), limits), { code: 'IMAGE_TOO_LARGE' });
    await t.throwsAsync(readWeb(url('/slow'), { ...limits, timeoutMs: 500 }), {
      message: 'not read within 0.5 s',
    });
  },
);

test('an address that is no https URL is refused', async (t) => {
  await t.throwsAsync(readWeb('ftp://a.example/x', limits), { message: /only https/ });
});

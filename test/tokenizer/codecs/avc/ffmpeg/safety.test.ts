import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, readFile, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import test from 'ava';
import { createAvcCodec } from '../../../../../tokenizer/codecs/avc/encode.ts';
import { untrustedInput } from '../../../../../tokenizer/codecs/avc/ffmpeg/command.ts';
import { runFfmpeg } from '../../../../../tokenizer/codecs/avc/ffmpeg/ffmpeg.ts';
import { findFfmpeg } from '../../../../../tokenizer/codecs/avc/ffmpeg/find.ts';
import { temporaryFolder } from '../../../../helpers/temporary.ts';
import { testWith } from '../../../../helpers/tools.ts';
import { ffmpeg, moving } from '../../../../helpers/videos.ts';

const LIMITS = { timeoutSeconds: 100, cpuSeconds: 100, memoryMb: 4096 };

async function spanOf(path: string) {
  const { size } = await stat(path);
  return { path: Buffer.from(path), offset: 0, size, isMember: false };
}

async function writeScript(path: string, lines: string): Promise<string> {
  await writeFile(path, `#!/bin/sh\n${lines}\n`);
  await chmod(path, 0o755);
  return path;
}

/** Files that ask for other files, as an attacker would write them. */
const playlists = (url: string): Record<string, string> => ({
  'list.m3u8': `#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\n${url}\n#EXT-X-ENDLIST\n`,
  'concat.mp4': `ffconcat version 1.0\nfile '${url}'\n`,
  'manifest.mp4': `<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011"><BaseURL>${url}</BaseURL></MPD>`,
  'session.mp4': 'v=0\no=- 0 0 IN IP4 127.0.0.1\nc=IN IP4 127.0.0.1\nm=video 5000 RTP/AVP 96\n',
});

test('playlists, lists of files and network addresses are not followed', async (t) => {
  const folder = await temporaryFolder(t);
  await ffmpeg([...moving('64x48', 5, 6), 'good.ts'], folder);
  let asked = 0;
  const server = createServer((_, response) => {
    asked++;
    response.end();
  }).listen(0, '127.0.0.1');
  t.teardown(() => server.close());
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const codec = await createAvcCodec();
  const { path } = await findFfmpeg();
  for (const target of [`http://127.0.0.1:${port}/a.ts`, join(folder, 'good.ts')]) {
    for (const [name, text] of Object.entries(playlists(target))) {
      const file = join(folder, name);
      await writeFile(file, text);
      const refused = { code: 'VIDEO_UNSUPPORTED', message: /is text and no video/ };
      await t.throwsAsync(async () => codec.encodeFile(await spanOf(file), name), refused);
      // And ffmpeg itself would not, if the look at the first bytes were wrong.
      const inputOptions = untrustedInput(['file']);
      const outputOptions = ['-f', 'h264'];
      const job = { ...LIMITS, ffmpeg: path, inputOptions, outputOptions, input: `file:${file}` };
      const { failure, output } = await runFfmpeg({ ...job, maxOutputBytes: 1e6 });
      t.truthy(failure, name);
      t.is(output.length, 0, name);
    }
  }
  const outside = await runFfmpeg({
    ...LIMITS,
    ffmpeg: path,
    inputOptions: untrustedInput(['file']),
    input: `http://127.0.0.1:${port}/b.mp4`,
    outputOptions: ['-f', 'h264'],
  });
  t.regex(outside.stderr, /not on whitelist/);
  t.is(asked, 0);
});

test('a file that takes too long is given up, and its process is gone', async (t) => {
  const folder = await temporaryFolder(t);
  const { path } = await findFfmpeg();
  const pidFile = join(folder, 'pid');
  // Asked who it is, it answers as ffmpeg does; given a file, it hangs.
  const slow = await writeScript(
    join(folder, 'slow'),
    `case "$*" in *file:*) echo $$ > '${pidFile}'; exec sleep 600;; esac\nexec '${path}' "$@"`,
  );
  await writeFile(join(folder, 'a.mp4'), Buffer.alloc(100));
  const codec = await createAvcCodec({ timeoutSeconds: 3 }, slow);
  const span = await spanOf(join(folder, 'a.mp4'));
  await t.throwsAsync(() => codec.encodeFile(span, 'a.mp4'), {
    code: 'VIDEO_TIMEOUT',
    message: /^a\.mp4 took too long/,
  });
  const pid = Number(await readFile(pidFile, 'utf8'));
  t.true(await isGone(pid));
});

async function isGone(pid: number): Promise<boolean> {
  for (let tries = 0; tries < 600; tries++) {
    const status = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined);
    // Z: dead, and waiting for a parent that asks.
    if (status === undefined || / Z /.test(status)) return true;
    await sleep(100);
  }
  return false;
}

testWith('setpriv', 'a process does not outlive its parent, killed by SIGKILL', async (t) => {
  const folder = await temporaryFolder(t);
  const pidFile = join(folder, 'pid');
  const endless = await writeScript(
    join(folder, 'endless'),
    `echo $$ > '${pidFile}.tmp'; mv '${pidFile}.tmp' '${pidFile}'; exec sleep 600`,
  );
  const script = fileURLToPath(new URL('./killed-parent.ts', import.meta.url));
  const parent = spawn(process.execPath, ['--import=tsx', script, endless], { stdio: 'ignore' });
  let pid = 0;
  for (let tries = 0; tries < 600 && pid === 0; tries++) {
    pid = Number(await readFile(pidFile, 'utf8').catch(() => '0'));
    await sleep(100);
  }
  t.true(pid > 0, 'the process started');
  parent.kill('SIGKILL');
  t.true(await isGone(pid));
});

test('a file that wants too much memory is refused, and says so', async (t) => {
  const folder = await temporaryFolder(t);
  const header = Buffer.from('YUV4MPEG2 W30000 H30000 F30:1 C420jpeg\nFRAME\n');
  await writeFile(join(folder, 'huge.y4m'), Buffer.concat([header, Buffer.alloc(100_000)]));
  const codec = await createAvcCodec({ memoryMb: 1024 });
  const span = await spanOf(join(folder, 'huge.y4m'));
  const error = await t.throwsAsync(() => codec.encodeFile(span, 'huge.y4m'));
  t.regex((error as { code?: string }).code ?? '', /^VIDEO_(TOO_LARGE|CORRUPT|UNSUPPORTED)$/);
});

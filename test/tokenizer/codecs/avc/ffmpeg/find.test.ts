import { chmod, mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import {
  FFMPEG_VARIABLE,
  findFfmpeg,
  npmFfmpeg,
} from '../../../../../tokenizer/codecs/avc/ffmpeg/find.ts';
import { pretender } from '../../../../helpers/ffmpegs.ts';
import { temporaryFolder } from '../../../../helpers/temporary.ts';

const LIBRARIES = 'libavcodec 59. 37.100 / 59. 37.100\nlibswscale 6. 7.100 / 6. 7.100';

/** A program that answers -version so, and can do nothing else. */
async function pretend(folder: string, version: string): Promise<string> {
  const path = join(folder, `ffmpeg-${version.length}`);
  await writeFile(path, `#!/bin/sh\n[ "$1" = -version ] && echo '${version}' || exit 1\n`);
  await chmod(path, 0o755);
  return path;
}

test('an ffmpeg that cannot be used is named, with the reason', async (t) => {
  const folder = await temporaryFolder(t);
  const cases: [version: string, reason: RegExp][] = [
    [`ffmpeg version 5.1\nconfiguration: --enable-gpl\n${LIBRARIES}`, /built without libx264/],
    [
      'ffmpeg version 2.8\n--enable-libx264\nlibavcodec 56. 60.100 / 56. 60.100\nlibswscale 3. 1.101 / 3. 1.101',
      /is ffmpeg 2\.8, which is too old: 4\.1 or later/,
    ],
    ['hello', /is not ffmpeg/],
    [`ffmpeg version 5.1\n--enable-libx264\n${LIBRARIES}`, /cannot encode with libx264/],
  ];
  for (const [version, reason] of cases) {
    const path = await pretend(folder, version);
    const error = await t.throwsAsync(() => findFfmpeg(path), { code: 'TOOL_MISSING' });
    t.regex(error?.message ?? '', reason);
    t.true(error?.message.startsWith(path));
  }
  const missing = join(folder, 'none');
  await t.throwsAsync(() => findFfmpeg(missing), { message: /none cannot be run/ });
});

test('options follow the libraries, whatever the build calls itself', async (t) => {
  const folder = await temporaryFolder(t);
  const real = await findFfmpeg();
  const builds: [name: string, libavcodec: string, frameSync: string][] = [
    ['n9.0.2-17-g2a571b6068-20260930', '63.  1.100', '-fps_mode'],
    ['N-109542-g0f7e5b8', '59. 57.100', '-fps_mode'],
    ['git-2022-07-22-8d98a61', '59. 37.100', '-fps_mode'],
    ['5.0.1-static', '59. 18.100', '-vsync'],
    ['4.4.2-0ubuntu0.22.04.1', '58.134.100', '-vsync'],
  ];
  for (const [name, libavcodec, frameSync] of builds) {
    const path = join(folder, name);
    const says = `ffmpeg version ${name} Copyright\nconfiguration: --enable-libx264\nlibavcodec     ${libavcodec} / ${libavcodec}\nlibswscale 6. 7.100 / 6. 7.100`;
    await pretender(path, real.path, '-version', `echo '${says}'; exit 0`);
    const found = await findFfmpeg(path);
    t.is(found.frameSync as string, frameSync, name);
    t.is(found.versions.ffmpeg, name);
  }
});

test.serial('named, then the environment, then the system, then npm', async (t) => {
  const folder = await temporaryFolder(t);
  const real = npmFfmpeg();
  if (!real) return t.fail('the optional dependency is installed');
  const link = async (name: string) => {
    await mkdir(join(folder, name));
    await symlink(real, join(folder, name, 'ffmpeg'));
    return join(folder, name);
  };
  const [named, variable, system] = await Promise.all(['named', 'variable', 'system'].map(link));
  const { PATH, [FFMPEG_VARIABLE]: before } = process.env;
  t.teardown(() => {
    process.env.PATH = PATH;
    if (before === undefined) delete process.env[FFMPEG_VARIABLE];
    else process.env[FFMPEG_VARIABLE] = before;
  });
  process.env.PATH = system;
  process.env[FFMPEG_VARIABLE] = join(variable, 'ffmpeg');
  t.like(await findFfmpeg(join(named, 'ffmpeg')), { path: join(named, 'ffmpeg'), origin: 'named' });
  t.like(await findFfmpeg(), { path: join(variable, 'ffmpeg'), origin: 'named' });
  delete process.env[FFMPEG_VARIABLE];
  const found = await findFfmpeg();
  t.like(found, { path: join(system, 'ffmpeg'), origin: 'system' });
  t.regex(found.versions.x264, /^\d+/);
  process.env.PATH = folder;
  t.like(await findFfmpeg(), { path: real, origin: 'npm' });
});

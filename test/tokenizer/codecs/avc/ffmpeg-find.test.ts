import { chmod, mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import {
  FFMPEG_VARIABLE,
  findFfmpeg,
  npmFfmpeg,
} from '../../../../tokenizer/codecs/avc/ffmpeg/find.ts';
import { temporaryFolder } from '../../../helpers/temporary.ts';

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

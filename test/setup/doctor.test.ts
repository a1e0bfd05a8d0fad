/** The doctor and the programs take the same ffmpeg, and say which; MPI is named by its version. */
import { mkdir, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import test from 'ava';
import { execa } from 'execa';
import { findFfmpeg, npmFfmpeg, onPath } from '../../tokenizer/codecs/avc/ffmpeg/find.ts';
import { temporaryFolder } from '../helpers/temporary.ts';
import { testIf, testWith } from '../helpers/tools.ts';

const CODEC_LM = fileURLToPath(new URL('../../bin/codec-lm.js', import.meta.url));

/** Both variables are set in every case, so that none of the machine's own gets in. */
async function run(args: string[], env: NodeJS.ProcessEnv, PATH = process.env.PATH) {
  const clean = { CODEC_LM_FFMPEG: '', FFMPEG_PATH: '', CODEC_LM_BACKEND: 'wasm' };
  const options = { env: { ...clean, ...env, PATH }, reject: false } as const;
  return execa(process.execPath, [CODEC_LM, ...args], options);
}

async function doctor(env: NodeJS.ProcessEnv, PATH?: string, name = 'ffmpeg') {
  const { stdout } = await run(['doctor', '--json'], env, PATH);
  const findings = stdout.split('\n').map((line) => JSON.parse(line));
  return findings.find((finding) => finding.name === name);
}

const npm = npmFfmpeg();
const why = "npm's ffmpeg is not installed";

testIf(
  !!npm,
  why,
  'the variable of this project, then that of others, then the PATH',
  async (t) => {
    const folder = await temporaryFolder(t);
    const link = async (name: string) => {
      await mkdir(join(folder, name));
      await symlink(npm!, join(folder, name, 'ffmpeg'));
      return join(folder, name, 'ffmpeg');
    };
    const [ours, others, system] = await Promise.all(['ours', 'others', 'system'].map(link));
    const PATH = join(folder, 'system');
    const both = await doctor({ CODEC_LM_FFMPEG: ours, FFMPEG_PATH: others }, PATH);
    t.true(both.found.includes(`${ours}, named by CODEC_LM_FFMPEG`), both.found);
    const theirs = await doctor({ FFMPEG_PATH: others }, PATH);
    t.true(theirs.found.includes(`${others}, named by FFMPEG_PATH`), theirs.found);
    const none = await doctor({}, PATH);
    t.true(none.found.includes(`${system}, on the PATH; npm's of 2018 is there too`), none.found);
  },
);

testIf(
  !!npm,
  why,
  "npm's build of 2018 is named by the doctor and warned of by a run",
  async (t) => {
    const folder = await temporaryFolder(t);
    const found = await doctor({}, folder);
    t.false(found.ok);
    t.regex(found.found, /from npm: @ffmpeg-installer, a build of 2018$/);
    t.regex(found.hint, /install a current one/);
    const out = join(folder, 'DS');
    const { stderr } = await run(['pipeline', 'run', 'videos', folder, '--out', out], {}, folder);
    t.is(stderr.match(/warning: ffmpeg .* from npm is a build of 2018/g)?.length, 1, stderr);
  },
);

testWith('mpirun.mpich', "MPICH's version is read, of launcher and library", async (t) => {
  const folder = await temporaryFolder(t);
  await symlink(onPath('mpirun.mpich')!, join(folder, 'mpirun'));
  const found = await doctor({}, `${folder}:${process.env.PATH}`, 'MPI');
  t.true(found.ok);
  t.regex(found.found, /^mpirun \(MPICH\) \d\S+; libraries: .*MPICH \d\S+ \(libmpich\.so/);
});

test.serial('FFMPEG_PATH names the ffmpeg that clips are made with', async (t) => {
  const before = { ...process.env };
  t.teardown(() => Object.assign(process.env, before));
  const folder = await temporaryFolder(t);
  process.env.CODEC_LM_FFMPEG = '';
  process.env.FFMPEG_PATH = join(folder, 'none');
  await t.throwsAsync(() => findFfmpeg(), { code: 'TOOL_MISSING', message: /none cannot be run/ });
});

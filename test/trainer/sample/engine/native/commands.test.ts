import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { pickInstalled } from '../../../../../compute/native.ts';
import { makeCheckpoint } from '../../../../helpers/checkpoint.ts';
import { PHOTOGRAPHS } from '../../../../helpers/photographs.ts';
import { temporaryFolder } from '../../../../helpers/temporary.ts';
import { testIf } from '../../../../helpers/tools.ts';
import { run } from '../../../../helpers/workplace.ts';

/** A test of the native engine; where its library is not set up it is skipped, and says so. */
const withNative = (title: string, body: (t: ExecutionContext) => void | Promise<void>) =>
  testIf(Boolean(pickInstalled()), 'the native backend is not set up', title, body);

withNative(
  '--engine native: samples open and say what drew them, scores are those of wasm',
  async (t) => {
    const checkpoint = await temporaryFolder(t);
    await makeCheckpoint(checkpoint, { hiddenSize: 64 });
    const to = join(await temporaryFolder(t), 'samples');
    const drawn = await run('trainer', [
      ...['sample', '--checkpoint', checkpoint, '--to', to, '--num', '3', '--max-tokens', '300'],
      ...['--engine', 'native'],
    ]);
    t.is(drawn.exitCode, 0, drawn.stderr);
    const described = JSON.parse(await readFile(join(to, '00000001.json'), 'utf8'));
    t.regex(described.engine, /^TensorFlow \d+\.\d+\.\d+ on /);
    t.true((await readFile(join(to, '00000001.jpg'))).length > 100);
    const bitsOf = async (engine: string) => {
      const given = ['--checkpoint', checkpoint, '--engine', engine, '--json', PHOTOGRAPHS[0]];
      const done = await run('trainer', ['score', ...given]);
      t.is(done.exitCode, 0, done.stderr);
      return JSON.parse(done.stdout).bitsPerByte as number;
    };
    t.true(Math.abs((await bitsOf('native')) - (await bitsOf('wasm'))) < 1e-5);
  },
);

test('--engine native where it is not set up names the command that does it', async (t) => {
  const checkpoint = await temporaryFolder(t);
  await makeCheckpoint(checkpoint, { hiddenSize: 64 });
  const given = ['--checkpoint', checkpoint, '--engine', 'native', PHOTOGRAPHS[0]];
  const done = await run('trainer', ['score', ...given], { CODEC_LM_CACHE: checkpoint });
  t.is(done.exitCode, 1);
  t.regex(done.stderr, /the native backend is not set up here/);
  t.regex(done.stderr, /codec-lm setup/);
});

/** Sequences longer than those of the training: said once by sample, score and serve. */
import { join } from 'node:path';
import test from 'ava';
import { writeCrops } from '../../../demo/crops.ts';
import { avcSettingsSchema } from '../../../tokenizer/codecs/avc/settings.ts';
import { makeCheckpoint } from '../../helpers/checkpoint.ts';
import { start } from '../../helpers/server.ts';
import { temporaryFolder } from '../../helpers/temporary.ts';
import { makeClips } from '../../helpers/videos.ts';
import { run } from '../../helpers/workplace.ts';

const SAID = /up to [\d,]+ tokens, but the model was trained on 90: later positions are new to it/;

test('sample and score: a line on stderr, an event with --json; nothing within the length', async (t) => {
  const folder = await temporaryFolder(t);
  const model = join(folder, 'model');
  await makeCheckpoint(model, { side: 32, seqLen: 90 });
  const sample = (to: string, ...more: string[]) =>
    run('trainer', [
      'sample',
      '--checkpoint',
      model,
      '--num',
      '1',
      '--to',
      join(folder, to),
      ...more,
    ]);
  const long = await sample('long', '--max-tokens', '200', '--json');
  t.is(long.exitCode, 0, long.stderr);
  t.is(long.stderr.match(new RegExp(SAID, 'g'))?.length, 1, long.stderr);
  t.is(long.stdout.trim().split('\n').length, 1, 'each line on stdout is a sample');
  const within = await sample('within', '--json');
  t.is(within.exitCode, 0, within.stderr);
  t.notRegex(within.stderr, SAID);

  const [photo] = await writeCrops(join(folder, 'photos'), 1);
  const score = await run('trainer', ['score', '--checkpoint', model, photo, '--json']);
  t.is(score.exitCode, 0, score.stderr);
  t.regex(score.stderr, SAID);
  t.is(score.stdout.trim().split('\n').length, 1, 'each line on stdout is a file');
});

test('serve says it at the start', async (t) => {
  const past = await start(t, { maxTokens: 200 }, { side: 32, seqLen: 90 });
  t.regex(past.log.join('\n'), SAID);
  const within = await start(t, {}, { side: 32, seqLen: 90 });
  t.notRegex(within.log.join('\n'), SAID);
});

test('a prompt that leaves no room names the cut of its own codec', async (t) => {
  const folder = await temporaryFolder(t);
  const [source] = await makeClips(join(folder, 'clips'), 1, '32x32');
  const settings = avcSettingsSchema.parse({ width: 32, height: 32, profile: 'reproducible' });
  const model = join(folder, 'model');
  await makeCheckpoint(model, { codec: { name: 'avc', settings }, seqLen: 60 });
  const prompt = ['--prompt', source, '--to', join(folder, 'never')];
  const clip = await run('trainer', ['sample', '--checkpoint', model, '--num', '1', ...prompt]);
  t.is(clip.exitCode, 2, clip.stderr);
  t.regex(clip.stderr, /leaves no room within 60 \(lower --prompt-frames or raise --max-tokens\)/);
});

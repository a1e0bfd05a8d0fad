/** Inputs that fail in numbers: what helps is said at the end, by the options of the codec at hand. */
import { cp, mkdir, rename } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import { readManifest } from '../../shards/dataset/manifest.ts';
import { makeCorpus, pipeline, SMALL } from '../helpers/pipeline-runs.ts';
import { temporaryFolder } from '../helpers/temporary.ts';
import { testWith } from '../helpers/tools.ts';
import { ffmpeg, moving } from '../helpers/videos.ts';

testWith('ffmpeg', 'clips that are too short: --frames and --short are named', async (t) => {
  const folder = await temporaryFolder(t);
  await mkdir(join(folder, 'clips'));
  for (const name of ['a', 'b']) {
    await ffmpeg([...moving('64x48', 6, 1), join('clips', `${name}.mp4`)], folder);
  }
  const run = (...more: string[]) =>
    pipeline([
      'run',
      'videos',
      join(folder, 'clips'),
      '--out',
      join(folder, 'ds'),
      '--size',
      '64x48',
      ...more,
    ]);
  const short = await run();
  t.is(short.exitCode, 1);
  t.regex(
    String(short.stderr),
    /gives 3 of 15 frames \(ask for fewer frames with --frames, or keep short clips with --short keep\)/,
  );
  const tokenizer = await run('--merges', '0', '--max-failures', '100%', '--frames', '3');
  t.is(tokenizer.exitCode, 2, 'the plan is frozen with the frames of the first run');
  const other = join(folder, 'other');
  const kept = await pipeline([
    ...['run', 'videos', join(folder, 'clips'), '--out', other, '--size', '64x48'],
    ...['--short', 'keep', '--merges', '0'],
  ]);
  t.is(kept.exitCode, 0, String(kept.stderr));
});

test('files of a frozen plan that are gone: put them back and --retry-failed, which then works', async (t) => {
  const folder = await temporaryFolder(t);
  const corpus = join(folder, 'corpus');
  await makeCorpus(corpus, 30);
  const out = join(folder, 'ds');
  const args = ['images', corpus, '--out', out, ...SMALL];
  t.is((await pipeline(['plan', ...args])).exitCode, 0);
  const away = join(folder, 'away');
  await rename(corpus, away);
  await mkdir(corpus);
  const gone = await pipeline(['run', ...args]);
  t.is(gone.exitCode, 1);
  t.regex(
    String(gone.stderr),
    /the plan is frozen, and files of it are gone or cannot be read: put them back .* run the same command once more with --retry-failed; .*another --out.*\[TOO_MANY_FAILURES\]/,
  );
  await cp(away, corpus, { recursive: true });
  const again = await pipeline(['run', ...args, '--retry-failed']);
  t.is(again.exitCode, 0, String(again.stderr));
  const { totals } = await readManifest(out);
  t.like(totals, { documents: 30, failures: 0 });
});

test('stopped by a signal: the command that goes on, as it was typed', async (t) => {
  const folder = await temporaryFolder(t);
  const corpus = join(folder, 'some photos');
  await makeCorpus(corpus, 60);
  const out = join(folder, 'ds');
  const child = pipeline(['run', 'images', corpus, '--out', out, ...SMALL]);
  child.stderr?.on('data', (data) => {
    if (/partitions/.test(String(data))) child.kill('SIGINT');
  });
  const { exitCode, stderr } = await child;
  t.is(exitCode, 130, String(stderr));
  const line = `go on with: pipeline run images '${corpus}' --out ${out} ${SMALL.join(' ')})`;
  t.true(String(stderr).includes(line), String(stderr));
});

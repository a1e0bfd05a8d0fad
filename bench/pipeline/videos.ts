/**
 * `pipeline run videos` beside a shell loop of the same ffmpeg command, two at once: 640x360
 * sources of 10 seconds, the paper's settings.
 *   node bin/start.js bench/pipeline/videos.ts [rounds = 3] [clips = 200]
 * The loop only encodes; the pipeline also checks every slice, packs tokens and writes shards.
 */
import { execFile } from 'node:child_process';
import { link, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { encodingOptions } from '../../tokenizer/codecs/avc/ffmpeg/command.ts';
import { findFfmpeg } from '../../tokenizer/codecs/avc/ffmpeg/find.ts';
import { avcSettingsSchema } from '../../tokenizer/codecs/avc/settings.ts';
import { PIPELINE, timed } from './process.ts';
import { race } from './race.ts';

const DISTINCT = 20;
const CORES = '2';
const LOOP = 'cd "$1" && shift && ls | xargs -P2 -I{} "$@" -i {} ';

const [roundsText = '3', clipsText = '200'] = process.argv.slice(2);
const clips = Number(clipsText);
const work = await mkdtemp(join(tmpdir(), 'codec-lm-videos-'));
const [sources, out, loop, tokenizer] = ['sources', 'out', 'loop', 'tokenizer'].map((name) =>
  join(work, name),
);
const { path: ffmpeg } = await findFfmpeg();

async function makeSources(): Promise<void> {
  await mkdir(sources);
  for (let i = 0; i < Math.min(DISTINCT, clips); i++) {
    // A fractal zoomed into at another speed each, with grain: work for decoder and encoder.
    const scene = `mandelbrot=size=640x360:rate=30:end_scale=${0.02 / (i + 1)},noise=alls=6:allf=t`;
    const made = ['-v', 'error', '-f', 'lavfi', '-i', scene, '-t', '10', '-pix_fmt', 'yuv420p'];
    await promisify(execFile)(ffmpeg, [...made, join(sources, `${i}.mp4`)]);
  }
  for (let i = DISTINCT; i < clips; i++) {
    await link(join(sources, `${i % DISTINCT}.mp4`), join(sources, `${i}.mp4`));
  }
}

try {
  await makeSources();
  const plan = ['plan', 'videos', sources, '--out', tokenizer, '--bpe-samples', '20', '--quiet'];
  await timed([process.execPath, PIPELINE, ...plan]);
  const ours = [
    ...[process.execPath, PIPELINE, 'run', 'videos', sources, '--out', out, '--quiet'],
    ...['--tokenizer', tokenizer, '--workers', CORES],
  ];
  const settings = avcSettingsSchema.parse({ profile: 'paper' });
  const quoted = [...encodingOptions(settings), `${loop}/{}.h264`].map((word) => `'${word}'`);
  const theirs = [
    ...['sh', '-c', LOOP + quoted.join(' '), 'sh', sources],
    ...[ffmpeg, '-v', 'error', '-y'],
  ];
  const found = await race(ours, theirs, Number(roundsText), async () => {
    await rm(out, { recursive: true, force: true });
    await rm(loop, { recursive: true, force: true });
    await mkdir(loop);
  });
  const rate = (seconds: number) => (clips / seconds).toFixed(1);
  const { seconds, ratio, cpuRatio } = found;
  console.log('| pipeline run videos, 2 cores | ratio | wanted |\n| --- | --- | --- |');
  console.log(
    `| a shell loop of the same command: ${rate(seconds.ours)} against ${rate(seconds.theirs)} clips/s | ` +
      `${ratio.toFixed(2)} (${cpuRatio.toFixed(2)} by CPU) | 0.95 |`,
  );
} finally {
  await rm(work, { recursive: true, force: true });
}

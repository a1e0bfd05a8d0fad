/**
 * One thing named in place of another: the error says what it is, and names the command that makes
 * the right thing of it.
 */
import { cp, mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import test from 'ava';
import { execa } from 'execa';
import { writeCrops } from '../../demo/crops.ts';
import { makeCheckpoint } from '../helpers/checkpoint.ts';
import { makeSmallDataset } from '../helpers/small-run.ts';
import { temporaryFolder } from '../helpers/temporary.ts';

const TOGETHER = 3;

function start(line: string, cwd: string) {
  const [program, ...args] = line.split(' ');
  const bin = resolve('bin', `${program}.js`);
  return execa('node', [bin, ...args], { cwd, reject: false });
}

const CASES: [line: string, ...messages: RegExp[]][] = [
  [
    'trainer fit --data photos --out never',
    /photos is a folder of 3 images, not a dataset/,
    /`pipeline run images photos --out photos-dataset`/,
    /\[INPUT_NOT_FOUND\]/,
  ],
  ['codec-lm trainer fit --data photos --out never', /`codec-lm pipeline run images photos --out/],
  ['trainer fit --data clips --out never', /folder of 2 videos.*`pipeline run videos clips --out/],
  [
    'trainer fit --data unfinished --out never',
    /unfinished is not finished: it holds no dataset\.json/,
    /run the same `pipeline run` command again to finish it; `pipeline status unfinished`/,
    /\[DATASET_INCOMPLETE\]/,
  ],
  ['trainer fit --data run --out never', /run is a run of the trainer, not a dataset.*data\.json/],
  ['trainer fit --data model --out never', /model is a checkpoint, not a dataset.*by --init/],
  ['shards verify photos', /folder of 3 images.*`pipeline run images photos --out photos-dataset`/],
  ['shards inspect model', /model is a checkpoint, not a dataset/],
  [
    'trainer sample --checkpoint data --to never',
    /data is a dataset and holds no checkpoint/,
    /`trainer fit --preset tiny --data data --out RUN`/,
  ],
  [
    'trainer score --checkpoint photos photos',
    /folder of 3 images and holds no .*`pipeline run im/,
  ],
  ['trainer serve --checkpoint run', /run holds no checkpoint.*`trainer fit --resume --out run`/],
  [
    'trainer export --checkpoint model/model.safetensors --to never',
    /name the folder that it lies/,
  ],
  ['trainer report data', /data is a dataset, not a run of the trainer/],
];

test('what was named is called by its name, with what to do, in one line and exit 2', async (t) => {
  const cwd = await temporaryFolder(t);
  await writeCrops(join(cwd, 'photos'), 3);
  await mkdir(join(cwd, 'clips/deep'), { recursive: true });
  for (const name of ['a.mp4', 'deep/b.webm']) await writeFile(join(cwd, 'clips', name), '');
  await makeSmallDataset(cwd);
  await cp(join(cwd, 'data'), join(cwd, 'unfinished'), { recursive: true });
  await rm(join(cwd, 'unfinished/dataset.json'));
  await makeCheckpoint(join(cwd, 'model'));
  await mkdir(join(cwd, 'run/checkpoints'), { recursive: true });
  await writeFile(join(cwd, 'run/config.yaml'), 'train:\n  steps: 1\n');
  const left = [...CASES];
  const worker = async () => {
    for (let next = left.shift(); next; next = left.shift()) {
      const [line, ...messages] = next;
      const { exitCode, stderr, stdout } = await start(line, cwd);
      t.is(exitCode, 2, `${line}: ${stderr}`);
      t.is(stdout, '', line);
      t.is(stderr.split('\n').length, 1, stderr);
      for (const message of messages) t.regex(stderr, message, line);
    }
  };
  await Promise.all(Array.from({ length: TOGETHER }, worker));
  t.false((await readdir(cwd)).includes('never'));
});

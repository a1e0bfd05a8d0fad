import { existsSync } from 'node:fs';
import { cp, mkdir, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import test from 'ava';
import { execa } from 'execa';
import { parse } from 'yaml';
import type { TrainMetrics, ValMetrics } from '../../../schemas/run.ts';
import { readSeries } from '../../../trainer/report/series.ts';
import { checkpoint, makeWorkplace, run, SMALL, type Workplace } from '../../helpers/workplace.ts';

let place: Workplace;
test.before(async (t) => {
  // Machines that run other things too take their time.
  t.timeout(170_000);
  place = await makeWorkplace();
});
test.after.always(() => place?.remove());

function train(out: string, settings: string[], ...more: string[]) {
  return run('trainer', [
    ...['fit', '--data', place.data, '--out', out, ...SMALL, ...more],
    ...settings.flatMap((setting) => ['--set', setting]),
  ]);
}

test.serial('a small model learns far more than the frequencies of the tokens', async (t) => {
  const out = join(place.folder, 'learns');
  const done = await train(out, [
    'train.steps=60',
    'train.saveEvery=20',
    'train.keepLast=2',
    'train.evalEvery=30',
  ]);
  t.is(done.exitCode, 0, done.stderr);
  t.is(done.stdout, checkpoint(out, 60));
  t.regex(done.stderr, /^backend: (native|wasm)/m);
  t.regex(done.stderr, /60\/60 {2}loss [\d.]+ .*tokens\/s {2}ETA/);

  const { train: steps, val } = await readSeries(out);
  t.deepEqual(
    steps.map(({ step }) => step),
    Array.from({ length: 60 }, (_, i) => i + 1),
  );
  const last = mean(steps.slice(-5).map(({ loss }) => loss));
  t.true(last < 0.75 * steps[59].unigramLoss, `${last} against ${steps[59].unigramLoss}`);
  t.deepEqual(
    val.map(({ step }: ValMetrics) => step),
    [30, 60],
  );
  t.true(val[1].loss < val[0].loss);
  const { tokensSeen, bitsPerByte = 0, tokensPerSecond, gradNorm, lr } = steps[59];
  t.is(
    tokensSeen,
    steps.reduce((sum, { tokens }) => sum + tokens, 0),
  );
  t.true(bitsPerByte > 0 && bitsPerByte < 8 && tokensPerSecond > 0 && gradNorm > 0);
  t.true(lr < steps[10].lr);
  for (const { mfu, memory, dataWait, seconds } of steps) {
    t.true(mfu! > 0 && memory > 1e8 && dataWait >= 0 && dataWait <= seconds);
  }

  t.deepEqual((await readdir(join(out, 'checkpoints'))).sort(), ['step-00000040', 'step-00000060']);
  const files = await readdir(checkpoint(out, 60));
  for (const name of [
    'config.json',
    'model.safetensors',
    'generation_config.json',
    'tokenizer.json',
    'tokenizer_config.json',
    'optimizer.safetensors',
    'state.json',
    'codec.json',
  ]) {
    t.true(files.includes(name), name);
  }
  const config = parse(await readFile(join(out, 'config.yaml'), 'utf8'));
  t.like(config, { train: { steps: 60, seqLen: 128 }, model: { hiddenSize: 64 } });
});

test.serial(
  'a run stopped by SIGTERM and resumed equals one that went straight through',
  async (t) => {
    const settings = ['train.steps=20', 'train.saveEvery=0', 'train.gradAccumulation=2'];
    const straight = join(place.folder, 'straight');
    t.is((await train(straight, settings)).exitCode, 0);

    const stopped = join(place.folder, 'stopped');
    const child = execa(
      'node',
      [
        'bin/trainer.js',
        'fit',
        '--data',
        place.data,
        '--out',
        stopped,
        ...SMALL,
        ...settings.flatMap((setting) => ['--set', setting]),
      ],
      { reject: false },
    );
    while ((await stepsDone(stopped)) < 6) await setTimeout(20);
    child.kill('SIGTERM');
    const ended = await child;
    t.is(ended.exitCode, 143, ended.stderr);
    const [name] = await readdir(join(stopped, 'checkpoints'));
    const at = Number(name.slice(5));
    t.true(at >= 6 && at < 20, name);

    const resumed = await run('trainer', [
      'fit',
      '--data',
      place.data,
      '--out',
      stopped,
      '--resume',
    ]);
    t.is(resumed.exitCode, 0, resumed.stderr);
    t.regex(resumed.stderr, new RegExp(`resuming .*${name}`));
    t.deepEqual(await numerics(stopped), await numerics(straight));
    for (const file of ['model.safetensors', 'optimizer.safetensors', 'state.json']) {
      const [a, b] = await Promise.all(
        [straight, stopped].map((out) => readFile(join(checkpoint(out, 20), file))),
      );
      t.true(a.equals(b), file);
    }
  },
);

test.serial(
  '--resume passes over a damaged checkpoint, and trains on with more steps',
  async (t) => {
    const out = join(place.folder, 'damaged');
    t.is((await train(out, ['train.steps=4', 'train.saveEvery=2'])).exitCode, 0);
    await truncate(join(checkpoint(out, 4), 'model.safetensors'), 1000);
    const resumed = await train(out, ['train.steps=6', 'train.saveEvery=2'], '--resume');
    t.is(resumed.exitCode, 0, resumed.stderr);
    t.regex(resumed.stderr, /passing over .*step-00000004/);
    t.regex(resumed.stderr, /resuming .*step-00000002/);
    t.deepEqual(
      (await readSeries(out)).train.map(({ step }: TrainMetrics) => step),
      [1, 2, 3, 4, 5, 6],
    );
  },
);

test.serial(
  'a loss that is no number stops the run, names the tensor, keeps the last checkpoint',
  async (t) => {
    const out = join(place.folder, 'explodes');
    const settings = ['train.steps=9', 'train.saveEvery=1', 'optim.lr=1e30', 'optim.warmupSteps=0'];
    const ended = await train(out, settings);
    t.is(ended.exitCode, 1);
    t.regex(ended.stderr, /step 2: .* (model\.|lm_head)\S*.*step-00000001.*\[NOT_FINITE\]/s);
    t.deepEqual(await readdir(join(out, 'checkpoints')), ['step-00000001']);
  },
);

test.serial(
  'checkpointing changes nothing; each other option changes the loss, and samples can be drawn',
  async (t) => {
    const options = {
      plain: [],
      checkpointing: ['train.checkpointing=true'],
      docMask: ['data.docMask=true'],
      bf16: ['train.precision=bf16'],
      qkNorm: ['model.qkNorm=true', 'optim.zLoss=0.001'],
      zLoss: ['optim.zLoss=1'],
    };
    const losses = new Map<string, number[]>();
    for (const [name, settings] of Object.entries(options)) {
      const out = join(place.folder, name);
      const done = await train(out, ['train.steps=3', ...settings]);
      t.is(done.exitCode, 0, done.stderr);
      losses.set(
        name,
        (await readSeries(out)).train.map(({ loss }) => loss),
      );
    }
    const plain = losses.get('plain')!;
    t.is(plain.length, 3);
    t.deepEqual(losses.get('checkpointing'), plain);
    for (const name of ['docMask', 'bf16', 'qkNorm', 'zLoss']) {
      const series = losses.get(name)!;
      // A single loss is the sum of few tokens in fp32: two may be equal by chance.
      t.notDeepEqual(series, plain, name);
      t.true(Math.abs(series[2] - plain[2]) < 0.5, `${name}: ${series}, plain: ${plain}`);
    }
    const drawn = await run('trainer', [
      ...['sample', '--checkpoint', join(place.folder, 'qkNorm'), '--num', '1', '--grammar', 'off'],
      ...['--max-tokens', '20', '--to', join(place.folder, 'qkNorm-samples')],
    ]);
    t.true([0, 3].includes(drawn.exitCode ?? 1), drawn.stderr);
  },
);

test.serial('a folder that holds another run is refused and left as it is', async (t) => {
  const out = join(place.folder, 'taken');
  t.is((await train(out, ['train.steps=1'])).exitCode, 0);
  const before = await snapshot(out);
  const again = await train(out, ['train.steps=2']);
  t.is(again.exitCode, 2);
  t.regex(again.stderr, /already holds a run.*--resume.*\[OUTPUT_IN_USE\]/);
  const other = await train(out, ['model.hiddenSize=32'], '--resume');
  t.is(other.exitCode, 2);
  t.regex(other.stderr, /model.hiddenSize is 32, but the run that is resumed has 64/);
  t.deepEqual(await snapshot(out), before);
});

test.serial('wrong use ends with 2 and makes nothing', async (t) => {
  const out = join(place.folder, 'never');
  const empty = join(place.folder, 'empty');
  const full = join(place.folder, 'full');
  await mkdir(empty);
  await mkdir(full);
  await writeFile(join(full, 'thesis.tex'), 'precious');
  const broken = join(place.folder, 'incomplete');
  await cp(place.data, broken, { recursive: true });
  await rm(join(broken, 'dataset.json'));
  const cases: [string[], RegExp][] = [
    [['--data', join(place.folder, 'no-such'), '--out', out], /no-such.*\[INPUT_NOT_FOUND\]/],
    [['--data', empty, '--out', out], /\[(INPUT_NOT_FOUND|DATASET_INCOMPLETE)\]/],
    [['--data', broken, '--out', out], /\[DATASET_INCOMPLETE\]/],
    [['--data', place.data, '--out', full], /not empty.*\[OUTPUT_IN_USE\]/],
    [['--data', place.data, '--out', out, '--set', 'model.depth=3'], /unknown key "model.depth"/],
    [['--data', place.data, '--out', out, '--set', 'train.precision=fp8'], /train.precision/],
    [['--data', place.data, '--out', out, '--set', 'train.seqLen=512'], /train.seqLen is 512.*128/],
    [['--data', place.data, '--out', out, '--preset', 'huge'], /no preset/],
    [['--data', place.data, '--out', out, '--stpes', '3'], /--stpes/],
    [['--data', place.data, '--out', join(place.data, 'dataset.json', 'x')], /dataset.json/],
    [['--data', place.data], /--out/],
    [[join(place.folder, 'none.yaml'), '--data', place.data, '--out', out], /none.yaml/],
  ];
  const all = await Promise.all(cases.map(([args]) => run('trainer', ['fit', ...args])));
  for (const [i, [, message]] of cases.entries()) {
    const ended = all[i];
    t.is(ended.exitCode, 2, ended.stderr);
    t.regex(ended.stderr, message);
    t.is(ended.stdout, '');
  }
  t.false(existsSync(out));
  t.deepEqual(await readdir(full), ['thesis.tex']);
});

async function stepsDone(out: string): Promise<number> {
  const text = await readFile(join(out, 'metrics.jsonl'), 'utf8').catch(() => '');
  return text.split('\n').length - 1;
}

/** The parts that must be equal between two runs: all but the times. */
async function numerics(out: string) {
  const { train } = await readSeries(out);
  return train.map(({ step, loss, gradNorm, lr, tokensSeen, unigramLoss, epoch }) => ({
    step,
    loss,
    gradNorm,
    lr,
    tokensSeen,
    unigramLoss,
    epoch,
  }));
}

async function snapshot(folder: string): Promise<Record<string, string>> {
  const names = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = names.filter((entry) => entry.isFile());
  const entries = files.map(async (entry) => {
    const path = join(entry.parentPath, entry.name);
    return [path, (await readFile(path)).toString('base64')] as const;
  });
  return Object.fromEntries(await Promise.all(entries));
}

function mean(values: number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

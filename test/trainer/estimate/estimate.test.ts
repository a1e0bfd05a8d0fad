import { join } from 'node:path';
import test from 'ava';
import { type Backend, chooseBackend } from '../../../compute/choose.ts';
import { resolveConfig } from '../../../trainer/config/config.ts';
import { createTraining } from '../../../trainer/distributed/create.ts';
import { single } from '../../../trainer/distributed/single.ts';
import { estimate } from '../../../trainer/estimate/estimate.ts';
import { daysOn, GPUS, smallestGpu } from '../../../trainer/estimate/gpus.ts';
import { estimateMemory } from '../../../trainer/estimate/memory.ts';
import { type LlamaConfig, parameterCount } from '../../../trainer/model/config.ts';
import { initialSource } from '../../../trainer/model/init.ts';
import { createLlama } from '../../../trainer/model/llama.ts';
import { addGradients, backpropagate } from '../../../trainer/model/loss.ts';
import type { ModelPart } from '../../../trainer/model/parts.ts';
import { weightStream } from '../../../trainer/model/streams.ts';
import { makeSmallDataset } from '../../helpers/small-run.ts';
import { temporaryFolder } from '../../helpers/temporary.ts';
import { countTensorBytes } from '../../helpers/tensor-bytes.ts';
import { run } from '../../helpers/workplace.ts';

const backend = await chooseBackend();
const { tf } = backend;

/** The WebAssembly backend makes transposes of weights besides, and is not estimated. */
const native = backend.native ? test.serial : test.serial.skip;
const skipped = backend.native ? '' : ' (skipped: the estimate is of the native backend)';

const SMALL: LlamaConfig = {
  vocabSize: 579,
  hiddenSize: 128,
  layers: 3,
  heads: 4,
  kvHeads: 4,
  intermediateSize: 320,
  ropeTheta: 10_000,
  normEps: 1e-5,
  tieEmbeddings: false,
  maxPositions: 512,
  bosId: 576,
  eosId: 577,
  padId: 578,
};

/** Highest sum of tensors in the backward pass of the last of some micro batches; weights are made before it. */
async function measure(
  on: Backend,
  config: LlamaConfig,
  sequences: number,
  time: number,
  gradAccumulation: number,
  checkpointing: boolean,
): Promise<number> {
  const counted = countTensorBytes(tf);
  const model = createLlama(on, config, 0);
  const ids = Int32Array.from({ length: sequences * time }, (_, i) => (i * 7) % 500);
  const sums = new Map<ModelPart, Parameters<typeof addGradients>[2]>();
  const tokens = { inputs: ids, targets: ids, batch: sequences };
  for (let i = 0; i < gradAccumulation; i++) {
    await backpropagate(model, tokens, 1, { checkpointing }, (part, more) => {
      sums.set(part, addGradients(model, sums.get(part), more));
    });
  }
  for (const gradients of sums.values()) tf.dispose([...gradients.values()]);
  model.dispose();
  return counted.peak;
}

const cases: [
  string,
  Partial<LlamaConfig>,
  { sequences?: number; seqLen?: number; gradAccumulation?: number },
][] = [
  ['a small model', {}, {}],
  ['many layers', { layers: 8 }, { sequences: 1 }],
  ['few keys and values', { heads: 8, kvHeads: 2 }, {}],
  ['a wide feed-forward layer', { intermediateSize: 1000, layers: 2 }, {}],
  ['one long sequence', {}, { sequences: 1, seqLen: 1024 }],
  ['QK-norm', { qkNorm: true }, {}],
  [
    'many weights and few tokens, in two micro batches',
    { hiddenSize: 512, intermediateSize: 1400 },
    { sequences: 1, seqLen: 64, gradAccumulation: 2 },
  ],
];
/** TensorFlow's own ops, as on GPUs; and this project's kernels, where there are any. */
const forms = [false, ...(backend.hasKernels ? [true] : [])];
const all = cases.flatMap((one) =>
  [false, true].flatMap((checkpointing) =>
    forms.map((hasKernels) => ({ one, checkpointing, hasKernels })),
  ),
);
for (const { one, checkpointing, hasKernels } of all) {
  const [title, changes, more] = one;
  {
    const how = `${checkpointing ? 'with' : 'without'} checkpointing${hasKernels ? ', by kernels' : ''}`;
    native(`memory of ${title}, ${how}: what tensors take, within 15 %${skipped}`, async (t) => {
      const config = { ...SMALL, ...changes };
      const options = { sequences: 2, seqLen: 256, gradAccumulation: 1, checkpointing, ...more };
      const { weights, gradients, activations } = estimateMemory(config, {
        ...options,
        precision: 'fp32',
        zero: 0,
        worldSize: 1,
        hasKernels,
      });
      const { sequences, seqLen, gradAccumulation } = options;
      const on = { ...backend, hasKernels };
      const measured = await measure(
        on,
        config,
        sequences,
        seqLen,
        gradAccumulation,
        checkpointing,
      );
      const ratio = (weights + gradients + activations) / measured;
      t.log(`estimated / measured: ${ratio.toFixed(3)}`);
      t.true(Math.abs(ratio - 1) < 0.15, `${ratio}`);
    });
  }
}

test('ZeRO-1 shares the moments; what is not shared stays', (t) => {
  const options = {
    ...{ sequences: 1, seqLen: 64, gradAccumulation: 1, checkpointing: false },
    precision: 'fp32' as const,
  };
  const plain = estimateMemory(SMALL, { ...options, zero: 0, worldSize: 8 });
  const zero = estimateMemory(SMALL, { ...options, zero: 1, worldSize: 8 });
  const n = parameterCount(SMALL);
  t.is(plain.optimizer, 8 * n);
  // Two moments, and the share of the weights that is updated.
  t.is(zero.optimizer, (12 * n) / 8);
  t.is(zero.total, plain.total - plain.optimizer + zero.optimizer);
});

native(`ZeRO-3: tensors of a rank, within 15 %${skipped}`, async (t) => {
  const config = { ...SMALL, hiddenSize: 256, intermediateSize: 700, layers: 6 };
  const options = { backend, communicator: single, groups: { shard: single, replicas: single } };
  const optim = { betas: [0.9, 0.95], eps: 1e-8, weightDecay: 0.1, zero: 3 } as const;
  const counted = countTensorBytes(tf);
  const weights = weightStream(config, initialSource(config, 0));
  const training = await createTraining(
    { ...options, config, precision: 'fp32', optim },
    { weights },
  );
  const ids = Int32Array.from({ length: 256 }, (_, i) => (i * 7) % 500);
  const tokens = { inputs: ids, targets: ids, batch: 1 };
  for (let i = 0; i < 2; i++) {
    await backpropagate(training.model, tokens, 1, { checkpointing: true }, (part, gradients) =>
      training.add(part, gradients),
    );
  }
  training.dispose();
  const memory = estimateMemory(config, {
    ...{ sequences: 1, seqLen: 256, gradAccumulation: 2, checkpointing: true },
    ...({ precision: 'fp32', zero: 3, worldSize: 1 } as const),
    hasKernels: backend.hasKernels,
  });
  const ratio = (memory.weights + memory.gradients + memory.activations) / counted.peak;
  t.log(`estimated / measured: ${ratio.toFixed(3)}`);
  t.true(Math.abs(ratio - 1) < 0.15, `${ratio}`);
});

test('ZeRO-3 divides weights, gradients and moments; a group decides by how many', (t) => {
  const options = {
    ...{ sequences: 1, seqLen: 64, gradAccumulation: 2, checkpointing: true },
    ...({ precision: 'fp32', zero: 3 } as const),
  };
  const [one, eight, grouped] = [
    estimateMemory(SMALL, { ...options, worldSize: 1 }),
    estimateMemory(SMALL, { ...options, worldSize: 8 }),
    estimateMemory(SMALL, { ...options, worldSize: 64, zeroGroup: 8 }),
  ];
  const n = parameterCount(SMALL);
  t.is(one.optimizer, 8 * n);
  t.is(eight.optimizer, n);
  t.is(one.weights - eight.weights, 4 * n - (4 * n) / 8);
  t.is(one.gradients - eight.gradients, 4 * n - (4 * n) / 8);
  t.is(one.activations, eight.activations);
  t.deepEqual(grouped, eight);
  const narrow = estimateMemory(SMALL, { ...options, worldSize: 8, precision: 'bf16' });
  t.is(narrow.messages, eight.messages / 2);
});

test('the runs of the paper fit its GPUs: 7B on 32 ranks, for images and for videos', async (t) => {
  for (const [preset, most, smallest] of [
    ['jpeg-lm-7b', 40, 'A10'],
    ['avc-lm-7b', 72, 'A100 40 GB'],
  ] as const) {
    const config = await resolveConfig({ preset });
    const result = await estimate(config, { worldSize: 32, vocabSize: 579 });
    t.true(result.memory.total < most * 2 ** 30, `${preset}: ${result.memory.total}`);
    t.is(result.zero, 3);
    t.is(result.gpu, smallest);
    // Without sharding, no machine of then or now holds a rank's share of the work.
    const whole = result.alternatives.find(({ zero, worldSize }) => zero === 0 && worldSize === 32);
    t.true(whole!.memory.total > 80 * 2 ** 30);
    t.deepEqual(
      result.alternatives.find(({ zero, worldSize }) => zero === 3 && worldSize === 32)!.memory,
      result.memory,
    );
  }
});

test('on CPUs blocks keep less, and no GPU is named', async (t) => {
  const config = await resolveConfig({ preset: '300m' });
  const [gpu, cpu] = await Promise.all(
    (['gpu', 'cpu'] as const).map((device) => estimate(config, { device })),
  );
  t.true(cpu.memory.activations < 0.8 * gpu.memory.activations);
  t.is(cpu.memory.weights, gpu.memory.weights);
  t.is(cpu.gpu, undefined);
  const table = await run('trainer', ['estimate', '--preset', '60m', '--device', 'cpu']);
  t.is(table.exitCode, 0, table.stderr);
  t.notRegex(table.stdout, /GPU|A10/);
});

test('days follow from FLOPs, the GPU and the MFU; nothing holds everything', (t) => {
  t.is(smallestGpu(2 ** 34)?.name, 'A10');
  t.is(smallestGpu(2 ** 40), undefined);
  const gpu = { name: 'x', memory: 1, flops: 1e12 };
  t.is(daysOn(gpu, 10, 86_400e13, 0.5), 2);
  const memories = GPUS.map(({ memory }) => memory);
  t.deepEqual(
    memories,
    memories.toSorted((a, b) => a - b),
  );
});

test("JPEG-LM's preset: Llama 2's 7B without its vocabulary, and the paper's month on 32 A100", async (t) => {
  const config = await resolveConfig({ preset: 'jpeg-lm-7b' });
  const result = await estimate(config, { worldSize: 32, vocabSize: 579 });
  // Touvron et al. count 6,738,415,616 with 32,000 tokens, each in the embedding and the output layer.
  t.is(result.parameters, 6_738_415_616 - 2 * 4096 * (32_000 - 579));
  t.is(result.tokensPerStep, 256 * 12_288);
  const seconds = (2 * 114e9 * result.flopsPerToken) / (32 * 312e12);
  // "a month on 32 Nvidia A100 GPUs" (paper, Ethics): at 40 to 60 % of their 312 TFLOP/s.
  const days = seconds / 86_400;
  t.true(days / 0.6 < 31 && days / 0.4 > 30, `${days} days at their peak`);
});

test('without a length anywhere, that of images is taken, and said', async (t) => {
  const table = await run('trainer', ['estimate', '--preset', '60m']);
  t.is(table.exitCode, 0, table.stderr);
  t.regex(table.stderr, /12,288 tokens, the default for images.*--data.*--set train\.seqLen=N/);
  t.regex(table.stdout, /4 micro batch\(es\) of 4 x 12,288 tokens/);
  const json = await run('trainer', ['estimate', '--preset', '60m', '--json']);
  t.like(JSON.parse(json.stdout), { seqLen: 12_288, seqLenFrom: 'default', vocabSize: 579 });
  const set = ['--set', 'train.seqLen=2048'];
  const chosen = await run('trainer', ['estimate', '--preset', '60m', '--json', ...set]);
  t.like(JSON.parse(chosen.stdout), { seqLen: 2048, seqLenFrom: 'config' });
  t.is(chosen.stderr, '');
});

test('trainer estimate prints tables, or one JSON value; --data says vocabulary and length', async (t) => {
  const data = await makeSmallDataset(await temporaryFolder(t));
  const table = await run('trainer', ['estimate', '--preset', 'jpeg-lm-7b', '--world-size', '32']);
  t.is(table.exitCode, 0, table.stderr);
  t.regex(table.stdout, /parameters +6,481,014,784/);
  for (const kind of ['weights', 'gradients', 'optimizer', 'activations', 'total']) {
    t.regex(table.stdout, new RegExp(`^${kind} +[\\d.]+ GiB$`, 'm'));
  }
  t.regex(table.stdout, /PaLM appendix B/);
  t.regex(table.stdout, /^total by ranks +zero=0 +zero=1 +zero=3$/m);
  t.regex(table.stdout, /^ +32( +[\d.]+ GiB){3}$/m);
  t.regex(
    table.stdout,
    /smallest GPU that holds a rank: A10; 74,219 steps on 32 of them take [\d.]+ days/,
  );
  const json = await run('trainer', ['estimate', '--preset', 'tiny', '--data', data, '--json']);
  t.like(JSON.parse(json.stdout), { vocabSize: 259, seqLen: 16, worldSize: 1, tokensPerStep: 64 });
  for (const [args, message] of [
    [['--preset', 'jpeg-lm-7b', '--world-size', '7'], /globalBatch 256 is not a multiple/],
    [['--preset', 'tiny', '--data', join(data, 'none')], /INPUT_NOT_FOUND/],
    [['--preset', 'tiny', '--set', 'optim.zero=2'], /optim.zero: expected 0, 1 or 3; received 2/],
    [['--preset', 'tiny', '--set', 'optim.zeroGroup=2'], /zeroGroup is 2, but only optim.zero=3/],
  ] as const) {
    const wrong = await run('trainer', ['estimate', ...args]);
    t.is(wrong.exitCode, 2);
    t.regex(wrong.stderr, message);
  }
});

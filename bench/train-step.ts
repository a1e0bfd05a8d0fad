/**
 * Speed of training steps: forward, backward, clipping and AdamW on random tokens. One line of
 * JSON. CPU seconds are there too, because wall time says little on a shared machine.
 * Usage: train-step.ts [--heads 8] [--batch 4] [--time 512] [--steps 5] …, see DEFAULTS.
 */
import { parseArgs } from 'node:util';
import { chooseBackend } from '../trainer/backend/choose.ts';
import { parameterCount } from '../trainer/model/config.ts';
import { createLlama } from '../trainer/model/llama.ts';
import { lossAndGradients } from '../trainer/model/loss.ts';
import { AdamW } from '../trainer/optim/adamw.ts';
import { clipGradients } from '../trainer/optim/clip.ts';

const DEFAULTS = {
  vocab: '579',
  hidden: '256',
  layers: '4',
  heads: '8',
  intermediate: '640',
  batch: '4',
  time: '512',
  steps: '5',
};

const { values } = parseArgs({
  options: Object.fromEntries(
    Object.entries(DEFAULTS).map(([name, value]) => [name, { type: 'string', default: value }]),
  ),
});
const size = (name: keyof typeof DEFAULTS) => Number(values[name]);

const config = {
  vocabSize: size('vocab'),
  hiddenSize: size('hidden'),
  layers: size('layers'),
  heads: size('heads'),
  kvHeads: size('heads'),
  intermediateSize: size('intermediate'),
  ropeTheta: 10_000,
  normEps: 1e-5,
  tieEmbeddings: false,
  maxPositions: size('time'),
  bosId: 0,
  eosId: 1,
  padId: 2,
};
const backend = await chooseBackend();
const model = createLlama(backend, config, 0);
const optimizer = new AdamW(backend, model.parameters, {
  betas: [0.9, 0.95],
  eps: 1e-8,
  weightDecay: 0.1,
});
const batch = size('batch');
const tokens = batch * size('time');
const inputs = Int32Array.from({ length: tokens }, () => Math.random() * config.vocabSize);
const targets = Int32Array.from({ length: tokens }, () => Math.random() * config.vocabSize);

const wall: number[] = [];
const cpu: number[] = [];
for (let step = 0; step < size('steps'); step++) {
  const [started, used] = [performance.now(), process.cpuUsage()];
  const { gradients } = lossAndGradients(model, inputs, targets, batch, 1 / tokens);
  await clipGradients(backend, gradients, 1);
  optimizer.apply(gradients, 1e-3);
  backend.tf.dispose([...gradients.values()]);
  wall.push((performance.now() - started) / 1000);
  const { user, system } = process.cpuUsage(used);
  cpu.push((user + system) / 1e6);
}

console.log(
  JSON.stringify({
    backend: backend.name,
    parameters: parameterCount(config),
    tokens,
    tokensPerSecond: tokens / Math.min(...wall),
    tokensPerCpuSecond: tokens / Math.min(...cpu),
    peakMemory: process.resourceUsage().maxRSS * 1024,
  }),
);

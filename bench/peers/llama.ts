/**
 * Our half of compare_llama.py: reads a checkpoint and a batch, writes what this project
 * computes from them. Usage: llama.ts DIR, a folder with model/ and batch.json.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Tensor2D } from '@tensorflow/tfjs';
import { writeSafetensors } from '../../base/safetensors/safetensors.ts';
import type { Weights } from '../../base/safetensors/weights.ts';
import { chooseBackend } from '../../compute/choose.ts';
import { loadLlama, readWeights, saveModel } from '../../trainer/checkpoint/huggingface.ts';
import { lossAndGradients } from '../../trainer/model/loss.ts';
import { AdamW } from '../../trainer/optim/adamw.ts';
import { clipGradients } from '../../trainer/optim/clip.ts';
import { learningRate } from '../../trainer/optim/schedule.ts';

interface Job {
  batch: number;
  time: number;
  inputs: number[];
  targets: number[];
  steps: number;
  schedule: { lr: number; minLr: number; warmupSteps: number; steps: number };
  clipNorm: number;
  optimizer: { betas: [number, number]; eps: number; weightDecay: number };
}

const [dir] = process.argv.slice(2);
const job: Job = JSON.parse(await readFile(join(dir, 'batch.json'), 'utf8'));
const backend = await chooseBackend({ onEvent: ({ reason }) => console.error(reason) });
const { tf } = backend;
const model = await loadLlama(backend, join(dir, 'model'));
await saveModel(join(dir, 'resaved'), model);
const inputs = Int32Array.from(job.inputs);
const targets = Int32Array.from(job.targets);
const scale = 1 / targets.filter((target) => target >= 0).length;

const logits = tf.tidy(() =>
  model.forward(tf.tensor2d(inputs, [job.batch, job.time], 'int32') as Tensor2D),
);
const results: Weights = new Map();
results.set('logits', { shape: logits.shape, data: await logits.data<'float32'>() });
const first = lossAndGradients(model, inputs, targets, job.batch, scale);
for (const [name, gradient] of first.gradients) {
  results.set(`gradient.${name}`, {
    shape: [...gradient.shape],
    data: await gradient.data<'float32'>(),
  });
}
tf.dispose([logits, ...first.gradients.values()]);

const optimizer = new AdamW(backend, model.parameters, job.optimizer);
const losses: number[] = [];
const norms: number[] = [];
for (let step = 0; step < job.steps; step++) {
  const { lossSum, gradients } = lossAndGradients(model, inputs, targets, job.batch, scale);
  losses.push(lossSum * scale);
  norms.push(await clipGradients(backend, gradients, job.clipNorm));
  optimizer.apply(gradients, learningRate(step, job.schedule));
  tf.dispose([...gradients.values()]);
}
for (const [name, weight] of await readWeights(model)) results.set(`trained.${name}`, weight);
const curve = (data: number[]) => ({ shape: [data.length], data: Float32Array.from(data) });
results.set('losses', curve(losses));
results.set('norms', curve(norms));
await writeSafetensors(join(dir, 'ours.safetensors'), results);

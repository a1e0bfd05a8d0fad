import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Tensor } from '@tensorflow/tfjs';
import test from 'ava';
import { readSafetensors } from '../../../base/safetensors/safetensors.ts';
import { AdamW } from '../../../trainer/optim/adamw.ts';
import { clipGradients } from '../../../trainer/optim/clip.ts';
import { learningRate } from '../../../trainer/optim/schedule.ts';
import { backend } from '../../helpers/gradcheck.ts';

/** Made by bench/peers/golden_adamw.py. */
const GOLDEN = join(import.meta.dirname, '../../golden/adamw');
const NAMES = ['a.weight', 'norm.weight'];
const { tf } = backend;

for (const form of backend.native ? (['native', 'plain'] as const) : (['plain'] as const)) {
  test(`${form} AdamW, clipping and the schedule are torch's, each of 50 steps`, async (t) => {
    const job = JSON.parse(await readFile(join(GOLDEN, 'job.json'), 'utf8'));
    const { tensors } = await readSafetensors(join(GOLDEN, 'expected.safetensors'));
    const [norms, rates] = ['norms', 'rates'].map((name) => tensors.get(name)!.data);
    const weights = new Map(
      NAMES.map((name) => {
        const { data, shape } = tensors.get(`before.${name}`)!;
        return [name, tf.variable(tf.tensor(data, shape))];
      }),
    );
    /** The element of a list of tensors that belongs to a step. */
    const at = (kind: string, name: string, step: number) => {
      const { data, shape } = tensors.get(`${kind}.${name}`)!;
      const size = data.length / shape[0];
      return { data: data.slice(step * size, (step + 1) * size), shape: shape.slice(1) };
    };
    const optimizer = new AdamW(backend, weights, job.optimizer, form);
    let clipped = 0;
    for (let step = 0; step < 50; step++) {
      const gradients = new Map<string, Tensor>(
        NAMES.map((name) => {
          const { data, shape } = at('gradient', name, step);
          return [name, tf.tensor(data, shape)];
        }),
      );
      const norm = await clipGradients(backend, gradients, job.clipNorm);
      const lr = learningRate(step, job.schedule);
      optimizer.apply(gradients, lr);
      tf.dispose([...gradients.values()]);
      clipped += Number(norm > job.clipNorm);
      t.true(Math.abs(norm / norms[step] - 1) < 1e-6, `norm of step ${step}`);
      t.true(Math.abs(lr / rates[step] - 1) < 1e-6, `rate of step ${step}`);
      for (const [name, weight] of weights) {
        const expected = at('after', name, step).data;
        const got = weight.dataSync();
        const off = expected.reduce((max, x, i) => Math.max(max, Math.abs(x - got[i])), 0);
        t.true(off < 1e-6, `${name} after step ${step}: ${off}`);
      }
    }
    t.true(clipped > 10 && clipped < 40, 'steps with and without clipping');
    optimizer.dispose();
  });
}

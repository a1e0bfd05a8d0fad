/**
 * Features beside those of torchvision, pytorch-fid and transformers for the same random weights, on the
 * backend of this process. Golden values: bench/peers/evaluation/reference.py (the first 64 of each row).
 */
import { readFileSync } from 'node:fs';
import test from 'ava';
import { randomBits, randomWeights } from '../../../bench/evaluation/random-weights.ts';
import { chooseBackend } from '../../../compute/choose.ts';
import { networkOf } from '../../../evaluation/networks/open.ts';
import { resizeFor } from '../../../evaluation/pictures/resize.ts';

interface Golden {
  shapes: Record<string, number[]>;
  features: number[][];
  logits?: number[][];
}

const SEED = 7;
const backend = await chooseBackend();

function goldenOf(name: string): Golden {
  const file = new URL(`../../golden/evaluation/${name}.json`, import.meta.url);
  return JSON.parse(readFileSync(file, 'utf8'));
}

/** Uniform samples 0..1 of two pictures. */
function uniform(): Float32Array {
  const bits = randomBits('picture', 2 * 224 * 224 * 3, 0);
  return Float32Array.from(bits, (word) => word / 2 ** 32);
}

/** Two pictures of 80 x 64 as pytorch-fid resizes and normalizes them. */
function pictures(): Float32Array {
  const size = 64 * 80 * 3;
  const bytes = Uint8Array.from(randomBits('picture', 2 * size, 1), (word) => word >>> 24);
  const resized = [0, 1].flatMap((i) => {
    const data = bytes.subarray(i * size, (i + 1) * size);
    return [...resizeFor({ data, width: 80, height: 64 }, 299, 'pytorch').data];
  });
  return Float32Array.from(resized, (sample) => 2 * sample - 1);
}

/** transformers 5 has other names in memory, which the values come from, than in the files it writes. */
const NAMES_IN_FILES: Readonly<Record<string, string>> = {
  q_proj: 'attention.query',
  k_proj: 'attention.key',
  v_proj: 'attention.value',
  o_proj: 'output.dense',
};

function weightsOf(shapes: Golden['shapes']) {
  const inFiles = (name: string) => name.replace(/[qkvo]_proj/, (part) => NAMES_IN_FILES[part]);
  return new Map([...randomWeights(shapes, SEED)].map(([name, tensor]) => [inFiles(name), tensor]));
}

const CASES = [
  { name: 'inception', title: 'FID-Inception', input: pictures },
  { name: 'mobilenet', title: 'MobileNetV2', input: uniform },
  { name: 'dinov2', title: 'DINOv2-128x2', input: uniform },
];

for (const { name, title, input } of CASES) {
  test.serial(`${title}: the peer's features, and nothing is left behind`, async (t) => {
    t.timeout(300_000);
    const { shapes, features, logits } = goldenOf(name);
    const before = backend.tf.memory().numTensors;
    const network = networkOf(weightsOf(shapes), name, backend);
    t.is(network.name, title);
    const x = backend.tf.tensor4d(input(), [2, network.side, network.side, 3]);
    const output = network.run(x);
    const near = async (found: typeof output.features, expected: number[][]) => {
      const rows = (await found.array()) as number[][];
      for (const [i, row] of expected.entries()) {
        for (const [j, value] of row.entries()) {
          t.true(Math.abs(rows[i][j] - value) < 1e-4, `${i}, ${j}: ${rows[i][j]}, not ${value}`);
        }
      }
    };
    await near(output.features, features);
    if (logits) await near(output.logits!, logits);
    for (const tensor of [x, output.features, output.logits]) tensor?.dispose();
    network.dispose();
    t.is(backend.tf.memory().numTensors, before);
  });
}

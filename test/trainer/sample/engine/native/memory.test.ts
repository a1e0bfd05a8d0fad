import test from 'ava';
import type { LlamaConfig } from '../../../../../trainer/model/config.ts';
import { sequencesThatFit } from '../../../../../trainer/sample/engine/native/memory.ts';

const SEVEN_BILLION: LlamaConfig = {
  vocabSize: 579,
  hiddenSize: 4096,
  layers: 32,
  heads: 32,
  kvHeads: 32,
  intermediateSize: 11_008,
  ropeTheta: 10_000,
  normEps: 1e-5,
  tieEmbeddings: false,
  maxPositions: 12_288,
  bosId: 576,
  eosId: 577,
  padId: 578,
};
const SIZE = { sequences: 16, positions: 4096, weights: 'bf16' } as const;
const GIB = 2 ** 30;

test('as many sequences as there is memory for beside the weights', (t) => {
  // 12.1 GiB of weights, and 3 GiB for each sequence.
  t.is(sequencesThatFit(SEVEN_BILLION, SIZE, 100 * GIB), 16);
  t.is(sequencesThatFit(SEVEN_BILLION, SIZE, 22 * GIB), 3);
});

test('a model that leaves no room for one sequence is refused, with both sizes', (t) => {
  t.throws(() => sequencesThatFit(SEVEN_BILLION, { ...SIZE, weights: 'fp32' }, 24 * GIB), {
    code: 'MEMORY_LIMIT',
    message:
      /^the model takes 24\.\d GiB as fp32 and the keys and values of 4096 tokens 4\.0 GiB, of 24\.0 GiB/,
  });
});

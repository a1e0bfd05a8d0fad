import test from 'ava';
import { findCompiled } from '../../../../compute/compiled/find.ts';
import { gpuCount } from '../../../../compute/gpu.ts';
import { pickInstalled } from '../../../../compute/native.ts';
import type { LlamaConfig } from '../../../../trainer/model/config.ts';
import { chooseEngine } from '../../../../trainer/sample/engine/choose.ts';
import { testIf } from '../../../helpers/tools.ts';

const SMALL: LlamaConfig = {
  vocabSize: 579,
  hiddenSize: 256,
  layers: 4,
  heads: 4,
  kvHeads: 4,
  intermediateSize: 704,
  ropeTheta: 10_000,
  normEps: 1e-5,
  tieEmbeddings: false,
  maxPositions: 1024,
  bosId: 576,
  eosId: 577,
  padId: 578,
};
const LARGE: LlamaConfig = { ...SMALL, hiddenSize: 512, layers: 8, intermediateSize: 1376 };
/** As where the kernels are not compiled. */
const SIZE = { positions: 1024, compiled: false };
const isOnCpu = pickInstalled() !== undefined && gpuCount() === 0;

testIf(
  isOnCpu,
  'the native backend is not set up, or there is a GPU',
  'auto takes TensorFlow for many sequences of a large model, and says so',
  (t) => {
    const many = { ...SIZE, sequences: 32 };
    const { name, remark } = chooseEngine(LARGE, many, 'fp32');
    t.is(name, 'native');
    t.regex(remark!, /^engine: native, faster for 32 sequences of this model; take --engine wasm /);
    t.is(chooseEngine(LARGE, { ...SIZE, sequences: 16 }, 'bf16').name, 'native');
    for (const [config, size, weights] of [
      [SMALL, many, 'fp32'],
      [LARGE, { ...SIZE, sequences: 16 }, 'fp32'],
      [LARGE, { ...SIZE, sequences: 8 }, 'bf16'],
      [LARGE, { ...many, mostly: 1 }, 'fp32'],
      [LARGE, many, 'int8'],
      [LARGE, many, 'fp16'],
      [LARGE, { ...many, cache: 'bf16' }, 'fp32'],
    ] as const) {
      t.deepEqual(chooseEngine(config, size, weights), { name: 'wasm' });
    }
  },
);

testIf(
  findCompiled() !== undefined && gpuCount() === 0,
  'the kernels are not compiled, or there is a GPU',
  'auto takes compiled kernels for any number of sequences',
  (t) => {
    const many = { positions: 1024, sequences: 64 };
    for (const weights of ['fp32', 'bf16'] as const) {
      t.deepEqual(chooseEngine(LARGE, many, weights), { name: 'wasm' });
    }
  },
);

test('an engine that is asked for is taken, whatever the sizes', (t) => {
  const one = { ...SIZE, sequences: 1 };
  t.deepEqual(chooseEngine(SMALL, { ...one, engine: 'native' }, 'fp32'), { name: 'native' });
  t.deepEqual(chooseEngine(LARGE, { ...SIZE, sequences: 64, engine: 'wasm' }, 'fp32'), {
    name: 'wasm',
  });
});

test('formats that the native engine does not have are refused', (t) => {
  const native = { ...SIZE, sequences: 8, engine: 'native' } as const;
  t.throws(() => chooseEngine(LARGE, native, 'int8'), {
    code: 'CONFIG_INVALID',
    message: 'engine native holds weights as fp32 or bf16, not as int8',
  });
  t.throws(() => chooseEngine(LARGE, { ...native, cache: 'int8' }, 'bf16'), {
    code: 'CONFIG_INVALID',
    message: /takes no cache int8$/,
  });
});

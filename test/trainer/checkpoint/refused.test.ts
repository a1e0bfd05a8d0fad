/** Checkpoints from elsewhere that cannot be computed with: each error names file and tensor. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import { CodecLmError } from '../../../base/error.ts';
import { readSafetensors, writeSafetensors } from '../../../base/safetensors/safetensors.ts';
import { exportCheckpoint } from '../../../trainer/checkpoint/export.ts';
import { loadLlama, readModelConfig } from '../../../trainer/checkpoint/huggingface.ts';
import { startFrom } from '../../../trainer/checkpoint/init.ts';
import { readModelWeights } from '../../../trainer/checkpoint/model-weights.ts';
import { makeCheckpoint } from '../../helpers/checkpoint.ts';
import { temporaryFolder } from '../../helpers/temporary.ts';
import { run } from '../../helpers/workplace.ts';
import {
  type Change,
  changedModel,
  doubles,
  floats,
  type RawTensors,
  valuesOf,
} from './foreign.ts';

const NORM = 'model.norm.weight';
const HEAD = 'lm_head.weight';
const [ONE, TWO] = ['model-00001-of-00002.safetensors', 'model-00002-of-00002.safetensors'];

const read = async (dir: string) => readModelWeights(dir, await readModelConfig(dir));

test('weights of F64 are read as the nearest fp32', async (t) => {
  const all = (tensors: RawTensors) => {
    for (const [name, tensor] of tensors) tensors.set(name, doubles(tensor));
  };
  const { weights } = await read(await changedModel(t, { tensors: all }));
  const exact = await read(await changedModel(t, {}));
  t.deepEqual(weights, exact.weights);
  const third = (tensors: RawTensors) => {
    const bytes = Buffer.from(new Float64Array(16).fill(1 / 3).buffer);
    tensors.set(NORM, { dtype: 'F64', shape: [16], bytes });
  };
  const near = await read(await changedModel(t, { tensors: third }));
  t.deepEqual(near.weights.get(NORM)!.data, new Float32Array(16).fill(1 / 3));
});

const set = (name: string, dtype: string, shape: number[], bytes: number): Change => ({
  tensors: (tensors) => void tensors.set(name, { dtype, shape, bytes: Buffer.alloc(bytes) }),
});

function spoilt(value: number): Change {
  return {
    tensors(tensors) {
      const tensor = tensors.get(HEAD)!;
      const values = valuesOf(tensor);
      values[3 * 16 + 5] = value;
      tensors.set(HEAD, floats(tensor.shape, values));
    },
  };
}

const beyond: Change = {
  tensors(tensors) {
    const bytes = Buffer.from(new Float64Array(16).fill(1e300).buffer);
    tensors.set(NORM, { dtype: 'F64', shape: [16], bytes });
  },
};

const refused: Record<string, [Change, RegExp]> = {
  'F8 weights': [
    set(NORM, 'F8_E4M3', [16], 16),
    /safetensors: tensor model\.norm\.weight: dtype F8_E4M3/,
  ],
  'F8 scales': [set(NORM, 'F8_E8M0', [16], 16), /tensor model\.norm\.weight: dtype F8_E8M0/],
  'four-bit weights': [set(NORM, 'F4', [16], 8), /tensor model\.norm\.weight: dtype F4/],
  'integers of 4 bits': [set(NORM, 'I4', [16], 8), /tensor model\.norm\.weight: dtype I4/],
  'integers of 8 bits': [set(NORM, 'I8', [16], 16), /tensor model\.norm\.weight: dtype I8/],
  'integers of 64 bits': [set(NORM, 'I64', [16], 128), /tensor model\.norm\.weight: dtype I64/],
  booleans: [set(NORM, 'BOOL', [16], 16), /tensor model\.norm\.weight: dtype BOOL/],
  'a type of no release': [set(NORM, 'F128', [16], 256), /tensor model\.norm\.weight: dtype/],
  NaN: [spoilt(Number.NaN), /safetensors: the weight lm_head\.weight holds NaN at \[3,5\]/],
  infinity: [spoilt(Number.NEGATIVE_INFINITY), /lm_head\.weight holds -Infinity at \[3,5\]/],
  'a number beyond fp32': [beyond, /model\.norm\.weight holds Infinity at \[0\], as fp32/],
  'another shape': [
    { tensors: (tensors) => void tensors.set(NORM, floats([4, 4], Array(16).fill(1))) },
    /safetensors: the weight model\.norm\.weight is \[4,4\], not \[16\]/,
  ],
  'an empty tensor': [
    set(NORM, 'F32', [0], 0),
    /the weight model\.norm\.weight is \[0\], not \[16\]/,
  ],
  'a weight too many': [
    set('model.layers.0.self_attn.q_proj.bias', 'F32', [16], 64),
    /safetensors: unknown weight model\.layers\.0\.self_attn\.q_proj\.bias/,
  ],
  'a weight too few': [
    { tensors: (tensors) => void tensors.delete(NORM) },
    /safetensors: the weight model\.norm\.weight is missing/,
  ],
  'more layers than weights': [
    { config: { num_hidden_layers: 3 } },
    /the weight model\.layers\.2\.input_layernorm\.weight is missing/,
  ],
  'fewer layers than weights': [
    { config: { num_hidden_layers: 1 } },
    /unknown weight model\.layers\.1\./,
  ],
  'a vocabulary of another size': [
    { config: { vocab_size: 30 } },
    /the weight model\.embed_tokens\.weight is \[29,16\], not \[30,16\]/,
  ],
  'scaled rotary positions': [
    { config: { rope_scaling: { rope_type: 'llama3', factor: 8 } } },
    /config\.json: rope_scaling\.rope_type/,
  ],
  'dynamic rotary positions, the old name': [
    { config: { rope_scaling: { type: 'dynamic', factor: 2 } } },
    /config\.json: rope_scaling\.type/,
  ],
  'rotary positions of a part': [
    { config: { rope_parameters: { rope_theta: 1e4, partial_rotary_factor: 0.5 } } },
    /config\.json: rope_parameters\.partial_rotary_factor/,
  ],
  'quantized weights': [
    { config: { quantization_config: { quant_method: 'fp8' } } },
    /config\.json: quantization_config/,
  ],
  'windows of attention': [
    { config: { layer_types: ['full_attention', 'sliding_attention'] } },
    /config\.json: layer_types\.1/,
  ],
  'biases of attention': [{ config: { attention_bias: true } }, /config\.json: attention_bias/],
  'a head of another size': [{ config: { head_dim: 8 } }, /config\.json: head_dim 8/],
  'one name in two files': [
    {
      files: (tensors) => ({
        [ONE]: [NORM, HEAD],
        [TWO]: [...tensors.keys()].filter((name) => name !== HEAD),
      }),
    },
    /index\.json: model\.norm\.weight is in model-0000\d-of-00002\.safetensors and in model-0000\d/,
  ],
};

for (const [title, [change, message]] of Object.entries(refused)) {
  test(`refused: ${title}`, async (t) => {
    const dir = await changedModel(t, change);
    const error = await t.throwsAsync(read(dir), { instanceOf: CodecLmError });
    t.is(error!.code, 'CHECKPOINT_INVALID');
    t.regex(error!.message, message);
    t.true(error!.message.startsWith(dir));
  });
}

test('rotary positions that say they are not scaled are read', async (t) => {
  for (const rope_scaling of [null, { rope_type: 'default' }, { type: 'default' }]) {
    await t.notThrowsAsync(read(await changedModel(t, { config: { rope_scaling } })));
  }
});

test('NaN: no way leads past it', async (t) => {
  const dir = await changedModel(t, spoilt(Number.NaN));
  const config = await readModelConfig(dir);
  const message = /lm_head\.weight holds NaN/;
  await t.throwsAsync(startFrom(dir, config, 1), { message });
  const { chooseBackend } = await import('../../../compute/choose.ts');
  await t.throwsAsync(loadLlama(await chooseBackend(), dir), { message });
  const to = join(dir, 'to');
  await t.throwsAsync(exportCheckpoint({ checkpoint: dir, to, precision: 'bf16' }), {
    message,
  });
});

async function spoiltCheckpoint(
  t: import('ava').ExecutionContext,
  spoil: (data: Float32Array) => void,
): Promise<string> {
  const folder = await temporaryFolder(t);
  await makeCheckpoint(folder);
  const path = join(folder, 'model.safetensors');
  const { tensors } = await readSafetensors(path);
  spoil(tensors.get(NORM)!.data);
  await writeSafetensors(path, tensors);
  return folder;
}

async function picture(folder: string): Promise<string> {
  const path = join(folder, 'a.png');
  const { sharp } = await import('../../../base/sharp.ts');
  const raw = { raw: { width: 32, height: 32, channels: 3 as const } };
  await writeFile(
    path,
    await sharp(new Uint8Array(32 * 32 * 3), raw)
      .png()
      .toBuffer(),
  );
  return path;
}

test('trainer score and sample end with the name of the tensor that holds NaN', async (t) => {
  const folder = await spoiltCheckpoint(t, (data) => data.fill(Number.NaN, 2, 3));
  const message = /model\.safetensors: the weight model\.norm\.weight holds NaN at \[2\]/;
  const scored = await run('trainer', ['score', '--checkpoint', folder, await picture(folder)]);
  t.deepEqual([scored.exitCode, scored.stdout], [1, '']);
  t.regex(scored.stderr, message);
  const to = join(folder, 'samples');
  const drawn = await run('trainer', ['sample', '--checkpoint', folder, '--num', '1', '--to', to]);
  t.is(drawn.exitCode, 1);
  t.regex(drawn.stderr, message);
});

test('weights that are finite and too large: an error, not noise', async (t) => {
  const folder = await spoiltCheckpoint(t, (data) => data.fill(3e38));
  const message = /the model computes -?(NaN|Infinity) as the logit of token \d+/;
  const scored = await run('trainer', ['score', '--checkpoint', folder, await picture(folder)]);
  t.is(scored.exitCode, 1);
  t.regex(scored.stderr, message);
  const to = join(folder, 'samples');
  const drawn = await run('trainer', ['sample', '--checkpoint', folder, '--num', '1', '--to', to]);
  t.is(drawn.exitCode, 1);
  t.regex(drawn.stderr, message);
});

/** GGUF files as they are written; what llama.cpp makes of them is checked in peers.test.ts. */
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import { toFloat32 } from '../../../../base/safetensors/floats.ts';
import { writeSafetensors } from '../../../../base/safetensors/safetensors.ts';
import { plainTokenizer } from '../../../../tokenizer/index.ts';
import { exportCheckpoint } from '../../../../trainer/checkpoint/export.ts';
import { encodeTensor } from '../../../../trainer/checkpoint/gguf/types.ts';
import { TOKENIZER } from '../../../helpers/checkpoint.ts';
import { type GgufTensor, readGguf } from '../../../helpers/gguf.ts';
import { mayMount, mount } from '../../../helpers/mounts.ts';
import { temporaryFolder } from '../../../helpers/temporary.ts';
import { testIf } from '../../../helpers/tools.ts';
import { run } from '../../../helpers/workplace.ts';
import { makeModel } from './fixture.ts';

const HEAD = 16;

function floats({ bytes }: GgufTensor): Float32Array {
  return toFloat32(bytes, 'F32');
}

/** Element i of each pair in front, as Hugging Face has the rows of a head. */
function turnedBack(values: Float32Array, columns: number): Float32Array {
  const back = new Float32Array(values.length);
  for (let row = 0; row < values.length / columns; row++) {
    const within = row % HEAD;
    const to = row - within + (within % 2) * (HEAD / 2) + (within >> 1);
    back.set(values.subarray(row * columns, (row + 1) * columns), to * columns);
  }
  return back;
}

test('fp32: names, shapes, alignment, and every weight; queries and keys turned', async (t) => {
  const folder = await temporaryFolder(t);
  const { weights } = await makeModel(join(folder, 'model'));
  const to = join(folder, 'new', 'out.gguf');
  const exported = await exportCheckpoint({
    ...{ checkpoint: join(folder, 'model'), to, format: 'gguf', precision: 'fp32' },
  });
  t.is(exported.path, to);
  const { version, tensors, rest } = await readGguf(to);
  t.is(version, 3);
  t.is(rest, (32 - ([...tensors.values()].at(-1)!.bytes.length % 32)) % 32);
  t.is(tensors.size, weights.size);
  for (const { offset } of tensors.values()) t.is(offset % 32, 0);
  const same = (name: string, parameter: string, undo = (values: Float32Array) => values) => {
    const tensor = tensors.get(name)!;
    const { shape, data } = weights.get(parameter)!;
    t.deepEqual(tensor.dims, shape.toReversed());
    t.deepEqual(undo(floats(tensor)), data, name);
  };
  same('token_embd.weight', 'model.embed_tokens.weight');
  same('output_norm.weight', 'model.norm.weight');
  same('output.weight', 'lm_head.weight');
  for (const layer of [0, 1]) {
    const at = `model.layers.${layer}`;
    for (const [name, part] of [
      ['attn_norm', 'input_layernorm'],
      ['attn_v', 'self_attn.v_proj'],
      ['attn_output', 'self_attn.o_proj'],
      ['ffn_norm', 'post_attention_layernorm'],
      ['ffn_gate', 'mlp.gate_proj'],
      ['ffn_up', 'mlp.up_proj'],
      ['ffn_down', 'mlp.down_proj'],
    ]) {
      same(`blk.${layer}.${name}.weight`, `${at}.${part}.weight`);
    }
    for (const part of ['q', 'k']) {
      const [name, parameter] = [`attn_${part}`, `self_attn.${part}_proj`];
      t.notDeepEqual(
        floats(tensors.get(`blk.${layer}.${name}.weight`)!),
        weights.get(`${at}.${parameter}.weight`)!.data,
      );
      same(`blk.${layer}.${name}.weight`, `${at}.${parameter}.weight`, (values) =>
        turnedBack(values, 64),
      );
    }
  }
});

test('the metadata: shape, tokenizer, codec', async (t) => {
  const folder = await temporaryFolder(t);
  const dir = join(folder, 'model');
  const { config } = await makeModel(dir, { vocabSize: TOKENIZER.vocabSize + 2 });
  await writeFile(join(dir, 'codec.json'), '{"seqLen": 128}\n');
  const to = join(folder, 'jpegs.gguf');
  await exportCheckpoint({ checkpoint: dir, to, format: 'gguf' });
  const { metadata } = await readGguf(to);
  const tokens = metadata.get('tokenizer.ggml.tokens') as string[];
  const types = metadata.get('tokenizer.ggml.token_type') as number[];
  metadata.delete('tokenizer.ggml.tokens');
  metadata.delete('tokenizer.ggml.token_type');
  t.deepEqual(Object.fromEntries(metadata), {
    'general.architecture': 'llama',
    'general.type': 'model',
    'general.name': 'jpegs',
    'general.alignment': 32,
    'general.file_type': 32,
    'llama.vocab_size': config.vocabSize,
    'llama.context_length': 128,
    'llama.embedding_length': 64,
    'llama.block_count': 2,
    'llama.feed_forward_length': 96,
    'llama.attention.head_count': 4,
    'llama.attention.head_count_kv': 2,
    'llama.attention.key_length': HEAD,
    'llama.attention.value_length': HEAD,
    'llama.attention.layer_norm_rms_epsilon': Math.fround(1e-6),
    'llama.rope.dimension_count': HEAD,
    'llama.rope.freq_base': 500,
    'tokenizer.ggml.model': 'gemma4',
    'tokenizer.ggml.merges': ['\u28ff \u28d0', '\u28ff \u28d1', '\u2800 \u2800', '\u2828 \u28a2'],
    'tokenizer.ggml.bos_token_id': 260,
    'tokenizer.ggml.eos_token_id': 261,
    'tokenizer.ggml.padding_token_id': 262,
    'tokenizer.ggml.add_bos_token': true,
    'tokenizer.ggml.add_eos_token': false,
    'tokenizer.ggml.add_space_prefix': false,
    'codec_lm.codec': '{"seqLen": 128}',
  });
  t.is(tokens.length, config.vocabSize);
  t.deepEqual(tokens.slice(0, 2), ['\u2800', '\u2801']);
  const last = ['\u28ff\u28d0', '\u28ff\u28d1', '\u2800\u2800', '\u2828\u28a2'];
  const specials = ['<bos>', '<eos>', '<pad>'];
  t.deepEqual(tokens.slice(256), [...last, ...specials, '[UNUSED_263]', '[UNUSED_264]']);
  t.deepEqual(types.slice(255), [1, 1, 1, 1, 1, 3, 3, 3, 5, 5]);
});

test('fp16, bf16 and q8_0: norms stay fp32, matrices are within half a step', async (t) => {
  const folder = await temporaryFolder(t);
  const dir = join(folder, 'model');
  const { weights } = await makeModel(dir);
  const [type, step] = [
    { fp16: 1, bf16: 30, q8_0: 8 },
    { fp16: 2 ** -11, bf16: 2 ** -8, q8_0: 0 },
  ];
  for (const precision of ['fp16', 'bf16', 'q8_0'] as const) {
    const to = join(folder, `${precision}.gguf`);
    await exportCheckpoint({ checkpoint: dir, to, format: 'gguf', precision });
    const { metadata, tensors } = await readGguf(to);
    t.is(metadata.get('general.quantization_version'), precision === 'q8_0' ? 2 : undefined);
    t.deepEqual(
      floats(tensors.get('blk.1.ffn_norm.weight')!),
      weights.get('model.layers.1.post_attention_layernorm.weight')!.data,
    );
    const { bytes, type: found } = tensors.get('blk.1.ffn_down.weight')!;
    t.is(found, type[precision]);
    const { data } = weights.get('model.layers.1.mlp.down_proj.weight')!;
    for (let i = 0; i < data.length; i++) {
      const block = (i >> 5) * 34;
      const width = precision === 'fp16' ? 'F16' : 'BF16';
      const value =
        precision === 'q8_0'
          ? toFloat32(Buffer.from(bytes.subarray(block, block + 2)), 'F16')[0] *
            bytes.readInt8(block + 2 + (i & 31))
          : toFloat32(Buffer.from(bytes.subarray(2 * i, 2 * i + 2)), width)[0];
      const scale = toFloat32(Buffer.from(bytes.subarray(block, block + 2)), 'F16')[0];
      // The scale itself is rounded to fp16: 127 steps of it are off by up to 127 * 2^-11 of one.
      const allowed =
        precision === 'q8_0' ? scale * (0.5 + 127 * 2 ** -11) : Math.abs(data[i]) * step[precision];
      if (Math.abs(value - data[i]) <= allowed) continue;
      return t.fail(`${precision}: ${data[i]} became ${value} at ${i}`);
    }
  }
});

test('Q8_0 as ggml computes it: halves go away from zero, a block of zeros has scale 0', (t) => {
  const block = new Float32Array(32);
  block.set([127, 0.5, -0.5, 1.5, -1.5, 2.4999, -2.5, -127]);
  const bytes = Buffer.from(encodeTensor(block, 'q8_0', 'w'));
  t.is(bytes.readUInt16LE(0), 0x3c00, '1 as fp16');
  t.deepEqual([...new Int8Array(bytes.subarray(2, 10))], [127, 1, -1, 2, -2, 2, -3, -127]);
  t.deepEqual(encodeTensor(new Float32Array(32), 'q8_0', 'w'), Buffer.alloc(34));
});

test('a model with QK-norm is a qwen3, whose rows are as they were; a tied one has no output layer', async (t) => {
  const folder = await temporaryFolder(t);
  const dir = join(folder, 'model');
  const { weights } = await makeModel(dir, { qkNorm: true, tieEmbeddings: true });
  const to = join(folder, 'out.gguf');
  await exportCheckpoint({ checkpoint: dir, to, format: 'gguf', precision: 'fp32' });
  const { metadata, tensors } = await readGguf(to);
  t.is(metadata.get('general.architecture'), 'qwen3');
  t.is(metadata.get('qwen3.attention.key_length'), HEAD);
  t.false(tensors.has('output.weight'));
  for (const part of ['q', 'k']) {
    for (const kind of ['proj', 'norm']) {
      const name = `blk.0.attn_${part}${kind === 'norm' ? '_norm' : ''}.weight`;
      const parameter = `model.layers.0.self_attn.${part}_${kind}.weight`;
      t.deepEqual(floats(tensors.get(name)!), weights.get(parameter)!.data);
    }
  }
});

test('a plain alphabet: a character a symbol, no merges', async (t) => {
  const folder = await temporaryFolder(t);
  const dir = join(folder, 'model');
  await makeModel(dir, {}, plainTokenizer(512));
  const to = join(folder, 'out.gguf');
  await exportCheckpoint({ checkpoint: dir, to, format: 'gguf' });
  const { metadata } = await readGguf(to);
  const tokens = metadata.get('tokenizer.ggml.tokens') as string[];
  t.deepEqual([tokens[0], tokens[511], tokens[512]], ['\ue000', '\ue1ff', '<bos>']);
  t.deepEqual(metadata.get('tokenizer.ggml.merges'), []);
});

test('refused, with nothing left behind', async (t) => {
  const folder = await temporaryFolder(t);
  const dir = join(folder, 'model');
  const { weights } = await makeModel(dir, { hiddenSize: 48 });
  const out = join(folder, 'out');
  const to = join(out, 'model.gguf');
  const refused = async (code: string, message: RegExp, options: object) => {
    const error = await t.throwsAsync(exportCheckpoint({ checkpoint: dir, to, ...options }), {
      code,
    });
    t.regex(error!.message, message);
  };
  const gguf = { format: 'gguf' };
  await refused('CONFIG_INVALID', /fp32, bf16, fp16, not q8_0/, { precision: 'q8_0' });
  await refused('CONFIG_INVALID', /token_embd.weight has 48/, { ...gguf, precision: 'q8_0' });
  weights.get('model.layers.1.mlp.up_proj.weight')!.data[5] = 70_000;
  await writeSafetensors(join(dir, 'model.safetensors'), weights);
  await refused('NOT_FINITE', /blk.1.ffn_up.weight holds 70000/, { ...gguf, precision: 'fp16' });
  weights.get('model.layers.1.mlp.up_proj.weight')!.data[5] = Number.NaN;
  await writeSafetensors(join(dir, 'model.safetensors'), weights);
  await refused('CHECKPOINT_INVALID', /up_proj.weight holds NaN/, gguf);
  t.deepEqual(await readdir(out), []);
  await refused('OUTPUT_IN_USE', /model exists/, { ...gguf, to: dir });
  await refused('INPUT_NOT_FOUND', /nowhere/, { ...gguf, checkpoint: join(folder, 'nowhere') });
});

testIf(mayMount(), 'only root may mount', 'a disk that is full leaves no file', async (t) => {
  const folder = await temporaryFolder(t);
  const dir = join(folder, 'model');
  await makeModel(dir);
  const small = join(folder, 'small');
  await mkdir(small);
  mount(t, small, 'size=64k');
  const options = { checkpoint: dir, to: join(small, 'out.gguf'), format: 'gguf' as const };
  const error = await t.throwsAsync(exportCheckpoint(options), { code: 'DISK_FULL' });
  t.regex(error!.message, /out\.gguf/);
  t.deepEqual(await readdir(small), []);
});

test('the command line', async (t) => {
  const folder = await temporaryFolder(t);
  const dir = join(folder, 'model');
  await makeModel(dir);
  const to = join(folder, 'out.gguf');
  const args = ['export', '--checkpoint', dir, '--to', to, '--format', 'gguf'];
  const done = await run('trainer', [...args, '--precision', 'q8_0', '--json']);
  t.is(done.exitCode, 0, String(done.stderr));
  t.deepEqual(JSON.parse(String(done.stdout)), {
    path: to,
    from: dir,
    precision: 'q8_0',
  });
  t.is((await readGguf(to)).metadata.get('general.file_type'), 7);
  const again = await run('trainer', args);
  t.is(again.exitCode, 2);
  t.regex(String(again.stderr), /out.gguf exists \(name another file as --to\)/);
});

/** Output layers of tied models: what transformers 5.24 computes with (findings/tied-head.sh). */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { chooseBackend } from '../../../compute/choose.ts';
import { exportCheckpoint } from '../../../trainer/checkpoint/export.ts';
import { loadLlama, readModelConfig } from '../../../trainer/checkpoint/huggingface.ts';
import { modelSettingsOf } from '../../../trainer/checkpoint/init.ts';
import { temporaryFolder } from '../../helpers/temporary.ts';
import { type Change, changedModel, doubles, type RawTensors } from './foreign.ts';

const EMBEDDING = 'model.embed_tokens.weight';
const HEAD = 'lm_head.weight';
const tied = { tie_word_embeddings: true };
const backend = await chooseBackend();

/** The logits after a few ids. */
async function logits(dir: string): Promise<Float32Array> {
  const model = await loadLlama(backend, dir);
  const ids = backend.tf.tensor2d([[1, 5, 9, 2]], [1, 4], 'int32');
  const result = model.forward(ids);
  const values = (await result.data()) as Float32Array;
  backend.tf.dispose([ids, result]);
  model.dispose();
  return values.slice();
}

async function same(t: ExecutionContext, one: Change, other: Change): Promise<void> {
  const [a, b] = [await changedModel(t, one), await changedModel(t, other)];
  t.deepEqual(await logits(a), await logits(b));
}

const copyHead = (tensors: RawTensors) => tensors.set(HEAD, tensors.get(EMBEDDING)!);

test('tied, and another output layer is there: both are kept, as transformers does', async (t) => {
  await same(t, { config: tied }, {});
  const dir = await changedModel(t, { config: tied });
  t.false((await readModelConfig(dir)).tieEmbeddings);
  t.is((await modelSettingsOf(dir)).tieEmbeddings, false);
  const to = join(await temporaryFolder(t), 'out');
  const done = { checkpoint: dir, to, precision: 'fp32' as const };
  await exportCheckpoint(done);
  t.deepEqual(await logits(to), await logits(dir));
});

test('tied, and one number of the output layer differs: both are kept', async (t) => {
  const dir = await changedModel(t, {
    config: tied,
    tensors(tensors) {
      const { shape, dtype, bytes } = tensors.get(EMBEDDING)!;
      const head = { dtype, shape, bytes: Buffer.from(bytes) };
      head.bytes.writeFloatLE(head.bytes.readFloatLE(40) + 1e-3, 40);
      tensors.set(HEAD, head);
    },
  });
  t.false((await readModelConfig(dir)).tieEmbeddings);
});

test('tied, and the output layer is the same, in this type or another: one is kept', async (t) => {
  for (const edit of [
    copyHead,
    (tensors: RawTensors) => tensors.set(HEAD, doubles(tensors.get(EMBEDDING)!)),
  ]) {
    const dir = await changedModel(t, { config: tied, tensors: (tensors) => void edit(tensors) });
    t.true((await readModelConfig(dir)).tieEmbeddings);
    const onlyOne = (tensors: RawTensors) => void tensors.delete(HEAD);
    const plain = await changedModel(t, { config: tied, tensors: onlyOne });
    t.deepEqual(await logits(dir), await logits(plain));
  }
});

test('tied, and only the output layer is there: it is the embedding too', async (t) => {
  await same(
    t,
    { config: tied, tensors: (tensors) => void tensors.delete(EMBEDDING) },
    { config: {}, tensors: (tensors) => void tensors.set(EMBEDDING, tensors.get(HEAD)!) },
  );
});

test('not tied, and one of them is missing: refused, where transformers starts it at random', async (t) => {
  const cases: [string, RegExp, RegExp][] = [
    [HEAD, /lm_head\.weight is missing/, /tie_word_embeddings: true/],
    [EMBEDDING, /model\.embed_tokens\.weight is missing/, /not complete/],
  ];
  for (const [name, message, hint] of cases) {
    const dir = await changedModel(t, { tensors: (tensors) => void tensors.delete(name) });
    const error = await t.throwsAsync(loadLlama(backend, dir), { message });
    t.regex((error as Error & { hint: string }).hint, hint);
    t.true(error!.message.includes(join(dir, 'model.safetensors')));
  }
});

test('tied, and the output layer has another shape: file and tensor are named', async (t) => {
  const dir = await changedModel(t, {
    config: tied,
    tensors(tensors) {
      const { dtype, shape, bytes } = tensors.get(HEAD)!;
      const cut = bytes.subarray(0, bytes.length - 4 * shape[1]);
      tensors.set(HEAD, { dtype, shape: [shape[0] - 1, shape[1]], bytes: cut });
    },
  });
  const error = await t.throwsAsync(loadLlama(backend, dir), { code: 'CHECKPOINT_INVALID' });
  t.regex(
    error!.message,
    /model\.safetensors: the weight lm_head\.weight is \[28,16\], not \[29,16\]/,
  );
});

test('tied, in two files', async (t) => {
  const [one, two] = ['model-00001-of-00002.safetensors', 'model-00002-of-00002.safetensors'];
  const dir = await changedModel(t, {
    config: tied,
    files: (tensors) => ({
      [one]: [EMBEDDING],
      [two]: [...tensors.keys()].filter((name) => name !== EMBEDDING),
    }),
  });
  t.false((await readModelConfig(dir)).tieEmbeddings);
  t.deepEqual(await logits(dir), await logits(await changedModel(t, {})));
  await rm(join(dir, two));
  const error = await t.throwsAsync(readModelConfig(dir), { code: 'CHECKPOINT_INVALID' });
  t.regex(
    error!.message,
    /index\.json: lm_head\.weight should be in model-00002-of-00002\.safetensors, which does not exist/,
  );
});

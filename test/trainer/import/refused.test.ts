import { cp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { CodecLmError, type ErrorCode } from '../../../base/error.ts';
import { writeSafetensors } from '../../../base/safetensors/safetensors.ts';
import { findWeights, readWeightsAt } from '../../../trainer/checkpoint/weight-files.ts';
import { importModel } from '../../../trainer/import/import.ts';
import { ALL_BYTES, modelOf, SPECIALS } from '../../helpers/sentencepiece.ts';
import { temporaryFolder } from '../../helpers/temporary.ts';
import { pickle, tensor, testTorch, torchFile } from '../../helpers/torch.ts';

const GOLDEN = join(import.meta.dirname, '../../golden/import');
const CODEC = { name: 'jpeg', options: { size: '32' } };

/** A copy of the golden folder, to be changed. */
async function copied(t: ExecutionContext): Promise<string> {
  const dir = join(await temporaryFolder(t), 'model');
  await cp(join(GOLDEN, 'prefix/model'), dir, { recursive: true });
  return dir;
}

async function refused(t: ExecutionContext, from: string, code: ErrorCode, message: RegExp) {
  const to = join(await temporaryFolder(t), 'checkpoint');
  const error = await t.throwsAsync(importModel({ from, to, codec: CODEC }), {
    instanceOf: CodecLmError,
  });
  t.is(error.code, code, error.message);
  t.regex(error.message, message);
  t.deepEqual(await readdir(join(to, '..')), []);
}

testTorch('what is wrong is said with file and tensor, and nothing is left', async (t) => {
  const bin = 'pytorch_model.bin';
  const withBin = async (content: Buffer) => {
    const dir = await copied(t);
    await writeFile(join(dir, bin), content);
    return dir;
  };
  const long = pickle.dict(pickle.text('model.norm.weight'), tensor({ storage: 'FloatStorage' }));
  await refused(
    t,
    await withBin(torchFile(long)),
    'CHECKPOINT_INVALID',
    /pytorch_model\.bin: the weight model\.embed_tokens\.weight is missing/,
  );
  const foreign = pickle.dict(pickle.text('visual.proj'), tensor());
  await refused(
    t,
    await withBin(torchFile(foreign)),
    'CHECKPOINT_INVALID',
    /unknown weight visual\.proj/,
  );

  const vocabulary = await copied(t);
  const pieces = [
    ...SPECIALS,
    ...ALL_BYTES,
    ...ALL_BYTES.map(({ text }) => ({ text: text + text })),
  ];
  await writeFile(join(vocabulary, 'tokenizer.model'), modelOf({ pieces }));
  await refused(
    t,
    vocabulary,
    'CHECKPOINT_INVALID',
    /the tokenizer has 515 ids, but the model has 320/,
  );
  await writeFile(join(vocabulary, 'tokenizer.model'), 'no model');
  await refused(t, vocabulary, 'TOKENIZER_INVALID', /tokenizer\.model: no sentencepiece model/);
  await rm(join(vocabulary, 'tokenizer.model'));
  await refused(t, vocabulary, 'INPUT_NOT_FOUND', /tokenizer/);

  // The same as safetensors, with a weight spoilt.
  const spoilt = await copied(t);
  const { places } = await findWeights(spoilt);
  const weights = await readWeightsAt(places, places.keys());
  weights.get('model.layers.1.mlp.up_proj.weight')!.data[35] = Number.NaN;
  await rm(join(spoilt, bin));
  await writeSafetensors(join(spoilt, 'model.safetensors'), weights);
  await refused(
    t,
    spoilt,
    'CHECKPOINT_INVALID',
    /model\.safetensors: the weight model\.layers\.1\.mlp\.up_proj\.weight holds NaN at \[2,3\]/,
  );
});

testTorch('a weight of integers is named with its type', async (t) => {
  const dir = await copied(t);
  const config = JSON.parse(await readFile(join(dir, 'config.json'), 'utf8'));
  const names = [...(await findWeights(dir)).places].map(([name, { shape }]) => ({ name, shape }));
  const items = names.flatMap(({ name, shape }) => [
    pickle.text(name),
    tensor({ storage: 'IntStorage', shape, strides: shape.map(() => 0) }),
  ]);
  await writeFile(join(dir, 'pytorch_model.bin'), torchFile(pickle.dict(...items)));
  t.is(config.vocab_size, 320);
  await refused(
    t,
    dir,
    'CHECKPOINT_INVALID',
    /pytorch_model\.bin: tensor model\.embed_tokens\.weight: dtype I32/,
  );
});

test('a folder in use, and settings that are none', async (t) => {
  const to = await temporaryFolder(t);
  await writeFile(join(to, 'x'), '');
  const from = join(GOLDEN, 'prefix/model');
  const inUse = await t.throwsAsync(importModel({ from, to, codec: CODEC }), {
    instanceOf: CodecLmError,
  });
  t.is(inUse.code, 'OUTPUT_IN_USE');
});

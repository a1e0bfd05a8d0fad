import { cp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import { readSafetensors, writeSafetensors } from '../../../base/safetensors/safetensors.ts';
import { chooseBackend } from '../../../compute/choose.ts';
import { loadLlama, readWeights, saveModel } from '../../../trainer/checkpoint/huggingface.ts';
import { temporaryFolder } from '../../helpers/temporary.ts';

const GOLDEN = join(import.meta.dirname, '../../golden/llama/plain/model');
const backend = await chooseBackend();

test('a model saved here loads here: config and weights are the same', async (t) => {
  const dir = await temporaryFolder(t);
  const model = await loadLlama(backend, GOLDEN);
  await writeFile(join(dir, 'tokenizer.json'), '{}');
  const out = join(dir, 'out');
  await saveModel(out, model, { tokenizerDir: dir });
  t.deepEqual((await readdir(out)).sort(), [
    'config.json',
    'generation_config.json',
    'model.safetensors',
    'tokenizer.json',
  ]);
  const again = await loadLlama(backend, out);
  t.deepEqual(again.config, model.config);
  t.deepEqual(await readWeights(again), await readWeights(model));
});

test('the rotary base is written for transformers 4 and 5, and read from either', async (t) => {
  const dir = await temporaryFolder(t);
  const model = await loadLlama(backend, GOLDEN);
  await saveModel(dir, model);
  const path = join(dir, 'config.json');
  const config = JSON.parse(await readFile(path, 'utf8'));
  t.is(config.rope_theta, 10_000);
  t.deepEqual(config.rope_parameters, { rope_type: 'default', rope_theta: 10_000 });
  for (const rope of [{ rope_theta: 500 }, { rope_parameters: { rope_theta: 500 } }]) {
    const { rope_theta, rope_parameters, ...rest } = config;
    await writeFile(path, JSON.stringify({ ...rest, ...rope }));
    t.is((await loadLlama(backend, dir)).config.ropeTheta, 500);
  }
});

const wrongConfigs: Record<string, [object, RegExp]> = {
  'another architecture': [{ architectures: ['MistralForCausalLM'] }, /architectures/],
  biases: [{ attention_bias: true }, /attention_bias/],
  'another activation': [{ hidden_act: 'gelu' }, /hidden_act/],
  'scaled positions': [{ rope_parameters: { rope_type: 'llama3' } }, /rope_type/],
  'scaled positions of transformers 4': [{ rope_scaling: { type: 'linear' } }, /rope_scaling/],
  'a head size of its own': [{ head_dim: 6 }, /head_dim 6/],
  'heads that do not divide': [{ num_key_value_heads: 3 }, /kvHeads 3/],
  'an enormous model': [{ hidden_size: 1e12 }, /hidden_size/],
  'weights of another shape': [{ intermediate_size: 32 }, /gate_proj.weight is \[24,16\]/],
};

for (const [title, [changes, message]] of Object.entries(wrongConfigs)) {
  test(`refused: ${title}`, async (t) => {
    const dir = await temporaryFolder(t);
    await cp(GOLDEN, dir, { recursive: true });
    const config = JSON.parse(await readFile(join(GOLDEN, 'config.json'), 'utf8'));
    await writeFile(join(dir, 'config.json'), JSON.stringify({ ...config, ...changes }));
    const error = await t.throwsAsync(loadLlama(backend, dir), { code: 'CHECKPOINT_INVALID' });
    t.regex(error!.message, message);
  });
}

test('refused: a missing and an unknown weight', async (t) => {
  const dir = await temporaryFolder(t);
  await cp(GOLDEN, dir, { recursive: true });
  const path = join(dir, 'model.safetensors');
  const { tensors } = await readSafetensors(path);
  const norm = tensors.get('model.norm.weight')!;
  tensors.delete('model.norm.weight');
  await writeSafetensors(path, tensors);
  await t.throwsAsync(loadLlama(backend, dir), { message: /model.norm.weight is missing/ });
  tensors.set('model.norm.weight', norm).set('model.norm.bias', norm);
  await writeSafetensors(path, tensors);
  await t.throwsAsync(loadLlama(backend, dir), { message: /unknown weight model.norm.bias/ });
});

test('a folder without files is named', async (t) => {
  const dir = await temporaryFolder(t);
  await t.throwsAsync(loadLlama(backend, dir), { code: 'INPUT_NOT_FOUND' });
  await cp(GOLDEN, dir, { recursive: true });
  await rm(join(dir, 'model.safetensors'));
  await t.throwsAsync(loadLlama(backend, dir), { code: 'INPUT_NOT_FOUND' });
});

import { writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { execa } from 'execa';
import { parse } from 'yaml';
import { CodecLmError } from '../../../base/error.ts';
import { trainerConfigSchema } from '../../../schemas/trainer.ts';
import {
  configJsonSchema,
  configKeys,
  formatConfig,
  resolveConfig,
} from '../../../trainer/config/config.ts';
import { listPresets } from '../../../trainer/config/presets.ts';

const trainer = (...args: string[]) =>
  execa('node', ['bin/trainer.js', ...args], { reject: false });

test('every preset loads, and what is shown of it loads to the same', async (t) => {
  const presets = await listPresets();
  t.deepEqual(presets, ['1b', '300m', '60m', 'avc-lm-7b', 'jpeg-lm-7b', 'tiny', 'tiny-video']);
  for (const preset of presets) {
    const config = await resolveConfig({ preset });
    t.deepEqual(trainerConfigSchema.parse(parse(formatConfig(config))), config, preset);
  }
});

test('the presets of the paper have its settings', async (t) => {
  const { model, train, optim } = await resolveConfig({ preset: 'jpeg-lm-7b' });
  t.like(model, { hiddenSize: 4096, layers: 32, heads: 32, kvHeads: 32, intermediateSize: 11008 });
  t.is(train.seqLen, 12_288);
  t.is(optim.lr, 3e-4);
  t.is((await resolveConfig({ preset: 'avc-lm-7b' })).train.seqLen, 32_768);
});

test('--set wins over the file, the file over the preset, the preset over the default', async (t) => {
  const file = join(tmpdir(), `codec-lm-config-${process.pid}.yaml`);
  await writeFile(file, 'model: { layers: 3 }\noptim: { lr: 0.5, betas: [0.8, 0.9] }\n');
  const config = await resolveConfig({ preset: '60m', file, set: ['optim.lr=0.25'] });
  t.is(config.optim.lr, 0.25);
  t.deepEqual(config.optim.betas, [0.8, 0.9]);
  t.is(config.model.layers, 3);
  t.is(config.model.hiddenSize, 640);
  t.is(config.data.split, 'train');
  t.is(config.model.preset, '60m');
});

test('a file may name its preset', async (t) => {
  const file = join(tmpdir(), `codec-lm-preset-${process.pid}.yaml`);
  await writeFile(file, 'model: { preset: 300m }\n');
  t.is((await resolveConfig({ file })).model.hiddenSize, 1024);
});

const invalid: [string, RegExp][] = [
  ['model.hidenSize=8', /unknown key "model.hidenSize"/],
  ['optim.learningRate=8', /unknown key/],
  ['train.precision=fp8', /train.precision: .*fp32.*bf16.* received "fp8" \(`set`\)/],
  ['train.steps=many', /train.steps: .*received "many"/],
  ['optim.betas=[0.9]', /optim.betas/],
  ['model.heads=7', /model.hiddenSize 256 over model.heads 7/],
  ['model.kvHeads=3', /model.kvHeads 3 must divide/],
  ['optim.minLr=2', /optim.minLr 2 is higher/],
  ['nonsense', /expected key.path=value/],
];
for (const [set, message] of invalid) {
  test(`--set ${set} is refused`, async (t) => {
    const error = await t.throwsAsync(resolveConfig({ set: [set] }), { message });
    t.is((error as CodecLmError).code, 'CONFIG_INVALID');
  });
}

test('an unknown key names the nearest known one', async (t) => {
  const error = await t.throwsAsync<CodecLmError>(resolveConfig({ set: ['train.step=8'] }), {
    instanceOf: CodecLmError,
  });
  t.regex(String(error?.hint), /"train.steps"/);
});

test('every key has a description in the JSON Schema', (t) => {
  const schema = configJsonSchema() as {
    properties: Record<string, { properties: Record<string, { description?: string }> }>;
  };
  for (const key of configKeys()) {
    const [group, name] = key.split('.');
    t.truthy(schema.properties[group].properties[name].description, key);
  }
});

test('config show and config schema print what they promise', async (t) => {
  const show = await trainer('config', 'show', '--preset', 'tiny', '--set', 'train.steps=7');
  t.is(show.exitCode, 0, show.stderr);
  t.is(parse(show.stdout).train.steps, 7);
  const schema = await trainer('config', 'schema');
  t.is(JSON.parse(schema.stdout).type, 'object');
  const wrong = await trainer('config', 'show', '--preset', 'huge');
  t.is(wrong.exitCode, 2);
  t.regex(wrong.stderr, /no preset is called "huge".*tiny-video/);
});

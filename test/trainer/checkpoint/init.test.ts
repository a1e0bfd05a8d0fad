import { cp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import { readSafetensors, streamSafetensors } from '../../../base/safetensors/safetensors.ts';
import type { Weights } from '../../../base/safetensors/weights.ts';
import { chooseBackend } from '../../../compute/choose.ts';
import { exportCheckpoint } from '../../../trainer/checkpoint/export.ts';
import { loadLlama, readWeights, WEIGHT_FORMATS } from '../../../trainer/checkpoint/huggingface.ts';
import { modelSettingsOf } from '../../../trainer/checkpoint/init.ts';
import { makeSmallDataset, smallFit } from '../../helpers/small-run.ts';
import { temporaryFolder } from '../../helpers/temporary.ts';
import { checkpoint, run } from '../../helpers/workplace.ts';

const GOLDEN = join(import.meta.dirname, '../../golden/llama');
const INDEX = 'model.safetensors.index.json';
const FILES = ['model-00001-of-00002.safetensors', 'model-00002-of-00002.safetensors'];

/** A model of the golden ones in two files, as large ones are published. */
async function inTwoFiles(
  dir: string,
  name: string,
  dtype: 'F32' | 'BF16' | 'F16',
): Promise<Weights> {
  await cp(join(GOLDEN, name, 'model'), dir, { recursive: true });
  const path = join(dir, 'model.safetensors');
  const { tensors } = await readSafetensors(path);
  await rm(path);
  const entries = [...tensors];
  const halves = [entries.slice(0, 5), entries.slice(5)].map((half) => new Map(half));
  for (const [i, half] of halves.entries()) {
    const shapes = new Map([...half].map(([key, { shape }]) => [key, shape]));
    const data = (async function* () {
      for (const [key, { data }] of half) yield [key, data] as const;
    })();
    await streamSafetensors(join(dir, FILES[i]), { shapes, tensors: data, dtype });
  }
  const weight_map = Object.fromEntries(
    halves.flatMap((half, i) => [...half.keys()].map((key) => [key, FILES[i]])),
  );
  await writeFile(join(dir, INDEX), JSON.stringify({ metadata: {}, weight_map }));
  return tensors;
}

for (const [dtype, tolerance] of [
  ['F32', 0],
  ['BF16', 2 ** -8],
  ['F16', 2 ** -11],
] as const) {
  test(`a model in two files of ${dtype} is loaded, each weight to the type's precision`, async (t) => {
    const dir = join(await temporaryFolder(t), 'model');
    const exact = await inTwoFiles(dir, 'plain', dtype);
    const model = await loadLlama(await chooseBackend(), dir);
    for (const [name, { data }] of await readWeights(model)) {
      const expected = exact.get(name)!.data;
      const isNear = data.every(
        (x, i) =>
          Math.abs(x - expected[i]) <=
          tolerance * Math.abs(expected[i]) + 2 ** -25 * Math.sign(tolerance),
      );
      t.true(isNear, name);
    }
    model.dispose();
  });
}

test.serial(
  "--init: the shape is the checkpoint's, another vocabulary starts anew, QK-norm is kept",
  async (t) => {
    const folder = await temporaryFolder(t);
    const data = await makeSmallDataset(folder);
    const dir = join(folder, 'pretrained');
    const weights = await inTwoFiles(dir, 'qk-norm', 'BF16');
    t.like(await modelSettingsOf(dir), { hiddenSize: 16, layers: 2, kvHeads: 2, qkNorm: true });
    const out = join(folder, 'run');
    const done = await run('trainer', [
      ...['fit', '--data', data, '--out', out, '--init', dir, '--set', 'train.steps=1'],
      // So small a step that what was there is still to be seen.
      ...['--set', 'optim.lr=1e-9', '--set', 'optim.minLr=0', '--set', 'train.peakFlops=1e9'],
    ]);
    t.is(done.exitCode, 0, done.stderr);
    t.regex(
      done.stderr,
      /starting with the weights of .*pretrained; another vocabulary, so model.embed_tokens.weight, lm_head.weight start anew/,
    );
    const { tensors } = await readSafetensors(join(checkpoint(out, 1), 'model.safetensors'));
    for (const name of [
      'model.layers.1.mlp.up_proj.weight',
      'model.layers.0.self_attn.q_norm.weight',
    ]) {
      const [got, expected] = [tensors.get(name)!.data, weights.get(name)!.data];
      t.true(
        got.every((x, i) => Math.abs(x - expected[i]) <= 2 ** -7 * Math.abs(expected[i])),
        name,
      );
    }
    t.deepEqual(tensors.get('lm_head.weight')!.shape, [259, 16]);
  },
);

const broken: Record<string, [(dir: string) => Promise<void>, RegExp]> = {
  'an index that leads out of the folder': [
    (dir) => editIndex(dir, (map) => ({ ...map, 'lm_head.weight': '../secret.safetensors' })),
    /not the name of a safetensors file/,
  ],
  'an index that names a file that is not there': [
    (dir) => rm(join(dir, FILES[1])),
    /model-00002-of-00002.safetensors/,
  ],
  'an index that looks for a weight in the wrong file': [
    (dir) => editIndex(dir, (map) => ({ ...map, 'lm_head.weight': FILES[1] })),
    /lm_head.weight should be in model-00002-of-00002.safetensors, but is not/,
  ],
  'an index without a weight': [
    (dir) => editIndex(dir, ({ 'model.norm.weight': _, ...map }) => map),
    /model.norm.weight is missing/,
  ],
};
for (const [title, [damage, message]] of Object.entries(broken)) {
  test(`refused: ${title}`, async (t) => {
    const dir = join(await temporaryFolder(t), 'model');
    await inTwoFiles(dir, 'plain', 'F32');
    await damage(dir);
    await t.throwsAsync(loadLlama(await chooseBackend(), dir), { message });
  });
}

for (const [precision, { dtype, torch }] of Object.entries(WEIGHT_FORMATS)) {
  test.serial(
    `trainer export in ${precision}: the type of every tensor, the nearest value`,
    async (t) => {
      const folder = await temporaryFolder(t);
      const to = join(folder, 'model');
      const from = join(GOLDEN, 'plain', 'model');
      await exportCheckpoint({
        checkpoint: from,
        to,
        precision: precision as keyof typeof WEIGHT_FORMATS,
      });
      const config = JSON.parse(await readFile(join(to, 'config.json'), 'utf8'));
      t.is(config.torch_dtype, torch);
      const file = await readFile(join(to, 'model.safetensors'));
      const header = JSON.parse(file.subarray(8, 8 + Number(file.readBigUInt64LE(0))).toString());
      const { __metadata__: _, ...entries } = header;
      t.deepEqual(
        new Set(Object.values(entries).map((entry) => (entry as { dtype: string }).dtype)),
        new Set([dtype]),
      );
      const [{ tensors }, exact] = [
        await readSafetensors(join(to, 'model.safetensors')),
        await readSafetensors(join(from, 'model.safetensors')),
      ];
      const bits = { fp32: 24, bf16: 8, fp16: 11 }[precision]!;
      for (const [name, { data }] of exact.tensors) {
        const got = tensors.get(name)!.data;
        const isNearest = data.every(
          (x, i) => Math.abs(got[i] - x) <= Math.max(2 ** -bits * Math.abs(x), 2 ** -25),
        );
        t.true(isNearest, name);
      }
    },
  );
}

test.serial(
  'trainer export: the newest checkpoint of a run, with its codec; what is there stays',
  async (t) => {
    const folder = await temporaryFolder(t);
    const data = await makeSmallDataset(folder);
    const out = join(folder, 'run');
    await smallFit({ data, out, set: ['train.steps=2', 'train.saveEvery=1'] });
    const to = join(folder, 'model');
    const done = await run('trainer', ['export', '--checkpoint', out, '--to', to, '--json']);
    t.is(done.exitCode, 0, done.stderr);
    t.deepEqual(JSON.parse(done.stdout), { path: to, from: checkpoint(out, 2), precision: 'bf16' });
    t.deepEqual((await readdir(to)).sort(), [
      ...['codec.json', 'config.json', 'generation_config.json', 'model.safetensors'],
      ...['special_tokens_map.json', 'tokenizer.json', 'tokenizer_config.json'],
    ]);
    const again = await run('trainer', ['export', '--checkpoint', out, '--to', to]);
    t.is(again.exitCode, 2);
    t.regex(again.stderr, /not an empty folder.*OUTPUT_IN_USE/);
  },
);

async function editIndex(
  dir: string,
  edit: (map: Record<string, string>) => Record<string, string>,
) {
  const path = join(dir, INDEX);
  const index = JSON.parse(await readFile(path, 'utf8'));
  await writeFile(path, JSON.stringify({ ...index, weight_map: edit(index.weight_map) }));
}

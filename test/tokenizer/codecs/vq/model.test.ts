/** Codes and pictures of diffusers' VQModel (bench/peers/baselines/golden_vq.py), and folders that are none. */
import { cp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import test, { type ExecutionContext } from 'ava';
import { readSafetensors, writeSafetensors } from '../../../../base/safetensors/safetensors.ts';
import { sharp } from '../../../../base/sharp.ts';
import { vq } from '../../../../tokenizer/codecs/vq/index.ts';
import { loadVqModel } from '../../../../tokenizer/codecs/vq/model.ts';
import { temporaryFolder } from '../../../helpers/temporary.ts';

const golden = (name: string) =>
  fileURLToPath(new URL(`../../../golden/vq/${name}`, import.meta.url));

const SIDE = 32;

for (const name of ['ithq', 'taming']) {
  test(`${name}: codes and pictures are those of diffusers`, async (t) => {
    const model = await loadVqModel(golden(name));
    const expected = JSON.parse(await readFile(golden(`${name}/expected.json`), 'utf8'));
    const pixels = await sharp(golden('picture.png')).removeAlpha().raw().toBuffer();
    const [codes] = await model.encode([pixels], SIDE, SIDE);
    t.deepEqual([...codes], expected.codes);
    t.true(new Set(codes).size > 20);
    const side = Math.sqrt(codes.length);
    const [floats] = await model.decodeFloats([codes], side, side);
    t.is(floats.length, expected.image.length);
    const off = floats.reduce((most, v, i) => Math.max(most, Math.abs(v - expected.image[i])), 0);
    t.true(off < 1e-4, `${off}`);
    const [bytes] = await model.decode([codes], side, side);
    for (const [i, value] of floats.entries()) {
      const wanted = Math.min(255, Math.max(0, (value / 2 + 0.5) * 255));
      t.true(Math.abs(bytes[i] - wanted) <= 0.5 + 1e-6);
    }
  });
}

test('settings without the folder check, cut and mask; drawing says which model is missing', async (t) => {
  const whole = await vq.open({ size: SIDE }, { vq: golden('taming') });
  const encoder = await whole.encoder();
  t.deepEqual([whole.alphabet, whole.seqLen], [64, 258]);
  const { symbols } = await encoder.encode(await readFile(golden('picture.png')), 'picture.png');
  const { codes } = JSON.parse(await readFile(golden('taming/expected.json'), 'utf8'));
  t.deepEqual([...symbols], codes);

  const alone = await vq.open(encoder.settings);
  alone.check(symbols);
  t.is(alone.cut(symbols, { ratio: 0.3 }), 4 * 16);
  await t.throwsAsync(alone.view(symbols), {
    code: 'TOOL_MISSING',
    message: new RegExp(`sha256 ${encoder.settings.model}`),
  });
  const other = await vq.open(encoder.settings, { vq: golden('ithq') });
  await t.throwsAsync(other.view(symbols), {
    code: 'DATASET_MISMATCH',
    message: /holds another VQ model/,
  });
  await t.throwsAsync(vq.open({ size: SIDE }), {
    code: 'CONFIG_INVALID',
    message: /no model is named/,
  });
  await t.throwsAsync(vq.open({ size: 33 }, { vq: golden('taming') }), {
    code: 'CONFIG_INVALID',
    message: /33 is no multiple of 2/,
  });
  // Half a picture: what is not there yet is grey.
  const half = await whole.still.draw(symbols.subarray(0, 128), 0);
  const drawn = await sharp(half).removeAlpha().raw().toBuffer();
  t.true(drawn.subarray(drawn.length / 2).every((value) => value === 128));
  t.false(drawn.subarray(0, drawn.length / 2).every((value) => value === 128));
});

async function copied(t: ExecutionContext): Promise<string> {
  const dir = join(await temporaryFolder(t), 'vqvae');
  await cp(golden('taming'), dir, { recursive: true });
  return dir;
}

const CONFIGS: Record<string, [change: Record<string, unknown>, message: RegExp]> = {
  'another class': [{ _class_name: 'AutoencoderKL' }, /_class_name.*it is "AutoencoderKL"/],
  'spatial norm': [{ norm_type: 'spatial' }, /norm_type.*it is "spatial"/],
  'another block': [
    { down_block_types: ['DownBlock2D', 'DownEncoderBlock2D'] },
    /down_block_types\.0/,
  ],
  'too few blocks': [{ up_block_types: ['UpDecoderBlock2D'] }, /1 up_block_types for 2 block_out/],
  'groups that do not divide': [{ norm_num_groups: 3 }, /8 channels do not divide into 3 groups/],
  'another width': [{ latent_channels: 4 }, /is .* config\.json says/],
};

for (const [title, [change, message]] of Object.entries(CONFIGS)) {
  test(`a folder of ${title} is refused`, async (t) => {
    const dir = await copied(t);
    const path = join(dir, 'config.json');
    const config = JSON.parse(await readFile(path, 'utf8'));
    await writeFile(path, JSON.stringify({ ...config, ...change }));
    await t.throwsAsync(loadVqModel(dir), { code: 'CHECKPOINT_INVALID', message });
  });
}

test('a missing tensor, one that is not finite, and a missing file are named', async (t) => {
  const dir = await copied(t);
  const path = join(dir, 'diffusion_pytorch_model.safetensors');
  const { tensors } = await readSafetensors(path);
  const name = 'decoder.up_blocks.1.resnets.0.conv1.weight';
  const kept = tensors.get(name)!;
  tensors.delete(name);
  await writeSafetensors(path, tensors);
  await t.throwsAsync(loadVqModel(dir), {
    code: 'CHECKPOINT_INVALID',
    message: new RegExp(`has no tensor ${name} \\(8x8x3x3\\)`),
  });
  kept.data[5] = Number.NaN;
  await writeSafetensors(path, tensors.set(name, kept));
  await t.throwsAsync(loadVqModel(dir), { message: new RegExp(`value 5 of ${name} is NaN`) });
  await rm(path);
  await t.throwsAsync(loadVqModel(dir), { code: 'INPUT_NOT_FOUND', message: /safetensors/ });
});

/** A VQ model is learned, killed and resumed, and its folder is a model that the codec opens. */
import { createHash } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { execa } from 'execa';
import { randomFractions } from '../../../../../base/random.ts';
import { readSafetensors } from '../../../../../base/safetensors/safetensors.ts';
import { sharp } from '../../../../../base/sharp.ts';
import { psnr } from '../../../../../tokenizer/codecs/pictures/similarity.ts';
import { vq } from '../../../../../tokenizer/codecs/vq/index.ts';
import { loadVqModel } from '../../../../../tokenizer/codecs/vq/model.ts';
import { vqTrainOptions } from '../../../../../tokenizer/codecs/vq/train/options.ts';
import { makeCorpus } from '../../../../helpers/pipeline-runs.ts';
import { temporaryFolder } from '../../../../helpers/temporary.ts';

const SIZE = 8;

const TINY = {
  block_out_channels: [4, 8],
  down_block_types: ['DownEncoderBlock2D', 'AttnDownEncoderBlock2D'],
  up_block_types: ['AttnUpDecoderBlock2D', 'UpDecoderBlock2D'],
  latent_channels: 4,
  vq_embed_dim: 3,
  num_vq_embeddings: 20,
  norm_num_groups: 2,
};

const FILES = [
  ...['diffusion_pytorch_model.safetensors', 'config.json', 'tokenizer.json'],
  ...['report.json', 'report.html', 'reconstructions.png', 'training/metrics.jsonl'],
];

async function hashesOf(dir: string): Promise<Record<string, string>> {
  const entries = FILES.map(async (name) => {
    const hash = createHash('sha256').update(await readFile(join(dir, name)));
    return [name, hash.digest('hex')] as const;
  });
  return Object.fromEntries(await Promise.all(entries));
}

async function makeInputs(t: ExecutionContext, count: number) {
  const folder = await temporaryFolder(t);
  const photos = join(folder, 'photos');
  await makeCorpus(photos, count);
  const config = join(folder, 'tiny.json');
  await writeFile(config, JSON.stringify(TINY));
  return { folder, photos, config };
}

for (const backend of ['native', 'wasm']) {
  test(`killed, stopped and resumed on ${backend}: the same bytes`, async (t) => {
    const { folder, photos, config } = await makeInputs(t, 6);
    const start = (to: string, ...more: string[]) => {
      const options = ['--size', String(SIZE), '--config', config, '--steps', '9', '--seed', '3'];
      const often = ['--batch-size', '3', '--eval-every', '1', '--save-every', '2'];
      return execa(
        'node',
        ['bin/tokenizer.js', 'train', '--codec', 'vq', photos, '--to', join(folder, to)].concat(
          options,
          often,
          more,
        ),
        { reject: false, env: { CODEC_LM_BACKEND: backend === 'native' ? 'auto' : backend } },
      );
    };
    const whole = await start('whole');
    t.is(whole.exitCode, 0, whole.stderr);
    t.regex(whole.stderr, /5 pictures and 1 held out, 9 steps/);
    const until = async (line: string, signal: NodeJS.Signals) => {
      const run = start('killed');
      run.stderr.on('data', (chunk) => String(chunk).includes(line) && run.kill(signal));
      return run;
    };
    t.is((await until('step 3:', 'SIGKILL')).signal, 'SIGKILL');
    const stopped = await until('step 6:', 'SIGINT');
    t.not(stopped.exitCode, 0);
    t.regex(stopped.stderr, /goes on from .*step-00000002/);
    const resumed = await start('killed');
    t.is(resumed.exitCode, 0, resumed.stderr);
    t.regex(resumed.stderr, /goes on from .*step-0000000[6-8]/);
    t.deepEqual(await hashesOf(join(folder, 'killed')), await hashesOf(join(folder, 'whole')));
    const other = await start('killed', '--lr', '0.5');
    t.is(other.exitCode, 2);
    t.regex(other.stderr, /trained with other options .*DATASET_MISMATCH/s);
  });
}

/** Two colours that run into each other: little to learn, and the held-out ones are alike. */
async function makeRamps(folder: string, count: number): Promise<string[]> {
  await mkdir(folder, { recursive: true });
  return Promise.all(
    Array.from({ length: count }, async (_, n) => {
      const random = randomFractions(5, n);
      const [from, to] = [0, 1].map(() => [0, 1, 2].map(() => 255 * random()));
      const isAcross = random() < 0.5;
      const pixels = Uint8Array.from({ length: 3 * SIZE * SIZE }, (_, i) => {
        const place = Math.floor(i / 3);
        const share = (isAcross ? place % SIZE : Math.floor(place / SIZE)) / (SIZE - 1);
        return from[i % 3] + share * (to[i % 3] - from[i % 3]);
      });
      const path = join(folder, `${String(n).padStart(2, '0')}.png`);
      await sharp(pixels, { raw: { width: SIZE, height: SIZE, channels: 3 } }).toFile(path);
      return path;
    }),
  );
}

test('pictures come back better and better, and the saved model gives them back as measured', async (t) => {
  const { folder, config } = await makeInputs(t, 1);
  const to = join(folder, 'model');
  const inputs = await makeRamps(join(folder, 'ramps'), 24);
  const errors: number[] = [];
  const options = vqTrainOptions.parse({
    ...{ size: SIZE, config, steps: 80, batchSize: 8, evalEvery: 40, warmupSteps: 5, lr: 3e-3 },
    decay: 0.9,
    valFraction: 0.125,
  });
  const result = await vq.training!.run({
    ...{ inputs, to, options },
    onEvent: (event) => event.type === 'step' && errors.push(event.figures.reconstruction),
  });
  t.true(result.isFinished);
  t.is(errors.length, 80);
  const mean = (some: number[]) => some.reduce((sum, error) => sum + error, 0) / some.length;
  const [first, last] = [mean(errors.slice(0, 8)), mean(errors.slice(-8))];
  t.true(last < 0.6 * first, `${first} ${last}`);

  const codec = await vq.open({ size: SIZE }, { vq: to });
  const encoder = await codec.encoder();
  const report = JSON.parse(await readFile(join(to, 'report.json'), 'utf8'));
  const pixels = await readFile(join(to, 'training/pictures.rgb'));
  const { used } = JSON.parse(await readFile(join(to, 'training/pictures.json'), 'utf8'));
  t.is(report.pictures + report.heldOut, used.length);
  const model = await loadVqModel(to);
  const bytes = 3 * SIZE * SIZE;
  const found: number[] = [];
  for (let n = 0; n < used.length; n++) {
    const picture = pixels.subarray(n * bytes, (n + 1) * bytes);
    const [codes] = await model.encode([picture], SIZE, SIZE);
    const { symbols } = await encoder.encode(await readFile(inputs[n]), inputs[n]);
    t.deepEqual([...symbols], [...codes]);
    const png = await codec.view(symbols);
    found.push(psnr(picture, await sharp(png).removeAlpha().raw().toBuffer()));
  }
  // Three of them were held out: their mean is that of some three.
  const means = found.flatMap((a, i) =>
    found.slice(i + 1).flatMap((b, j) => found.slice(i + j + 2).map((c) => mean([a, b, c]))),
  );
  t.true(means.some((each) => Math.abs(each - result.figures.psnr) < 0.01));
});

test('the folder has the tensors and the configuration that diffusers saves for this architecture', async (t) => {
  const golden = 'test/golden/vq/ithq';
  const { folder } = await makeInputs(t, 1);
  const inputs = await makeRamps(join(folder, 'ramps'), 3);
  const to = join(folder, 'model');
  const config = join(golden, 'config.json');
  const options = vqTrainOptions.parse({ size: SIZE, config, steps: 1, batchSize: 2 });
  await vq.training!.run({ inputs, to, options, onEvent: () => {} });
  const shapesIn = async (dir: string) => {
    const { tensors } = await readSafetensors(join(dir, 'diffusion_pytorch_model.safetensors'));
    return [...tensors].map(([name, { shape }]) => `${name} ${shape.join('x')}`).sort();
  };
  t.deepEqual(await shapesIn(to), await shapesIn(golden));
  const read = async (dir: string) => JSON.parse(await readFile(join(dir, 'config.json'), 'utf8'));
  t.like(await read(to), { ...(await read(golden)), sample_size: SIZE });
});

/** Each codec named for a model that does not say which it is of: sample, score, serve and import. */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { writeSafetensors } from '../../../base/safetensors/safetensors.ts';
import { allCodecs, saveTokenizer } from '../../../tokenizer/index.ts';
import { plainTokenizer } from '../../../tokenizer/plain.ts';
import { importModel, loadModel, sample, score, serve } from '../../../trainer/index.ts';
import { configToHuggingFace } from '../../../trainer/model/config.ts';
import { initialWeights } from '../../../trainer/model/init.ts';
import { openChoice } from '../../../trainer/sample/codec.ts';
import { temporaryFolder } from '../../helpers/temporary.ts';
import { hasTool, testIf } from '../../helpers/tools.ts';
import { makeClips } from '../../helpers/videos.ts';
import { run } from '../../helpers/workplace.ts';

const PICTURE = 'test/golden/vq/picture.png';

interface Case {
  options: Record<string, unknown>;
  alphabet: number;
  /** Tokens of a sequence, where the options decide them. */
  seqLen?: number;
  /** Settings that the choice has to find in a file. */
  found: string[];
}

const CASES: Record<string, Case> = {
  jpeg: { options: { size: '16' }, alphabet: 256, found: [] },
  avc: {
    options: { size: '16x16', frames: 2, profile: 'reproducible' },
    alphabet: 256,
    found: [],
  },
  pixels: {
    options: { size: 8, clusters: 'test/golden/pixels/clusters.npy' },
    alphabet: 48,
    seqLen: 66,
    found: ['colours', 'clusters'],
  },
  vq: {
    options: { size: 16, vq: 'test/golden/vq/taming' },
    alphabet: 64,
    seqLen: 66,
    found: ['side', 'codes', 'model'],
  },
};

/** A Llama of so many symbols as `transformers` saves one: no file says which codec it is of. */
async function makeForeign(dir: string, alphabet: number): Promise<string> {
  const tokenizer = plainTokenizer(alphabet);
  const { vocabSize, bosId, eosId, padId } = tokenizer;
  const config = {
    ...{ vocabSize, bosId, eosId, padId, hiddenSize: 32, layers: 1, heads: 4, kvHeads: 2 },
    ...{ intermediateSize: 64, ropeTheta: 10_000, normEps: 1e-5, tieEmbeddings: false },
    maxPositions: 4096,
  };
  await mkdir(dir, { recursive: true });
  await saveTokenizer(dir, tokenizer);
  await writeFile(join(dir, 'config.json'), JSON.stringify(configToHuggingFace(config)));
  await writeSafetensors(join(dir, 'model.safetensors'), initialWeights(config, 1));
  return dir;
}

async function inputOf(t: ExecutionContext, name: string): Promise<string> {
  if (name !== 'avc') return PICTURE;
  return (await makeClips(join(await temporaryFolder(t), 'clips'), 1, '32x32'))[0];
}

test('every codec has a case', (t) => {
  t.deepEqual(
    allCodecs().map(({ name }) => name),
    Object.keys(CASES),
  );
});

for (const [name, { options, alphabet, seqLen, found }] of Object.entries(CASES)) {
  const isPossible = name !== 'avc' || hasTool('ffmpeg');
  testIf(isPossible, 'ffmpeg is not installed', name, async (t) => {
    const folder = await temporaryFolder(t);
    const foreign = await makeForeign(join(folder, 'foreign'), alphabet);
    const choice = { name, options };
    const input = await inputOf(t, name);
    const model = await loadModel(foreign, { codec: choice });
    t.teardown(() => model.close());
    for (const key of found) t.truthy(model.codec.settings[key], key);
    if (seqLen !== undefined) t.is(model.codec.seqLen, seqLen);

    // Sampling reads a prompt and draws pictures, scoring maps: both need what the options name.
    const { codec } = model;
    for await (const drawn of sample(model, { num: 1, prompt: input, maxTokens: 2000 })) {
      t.true(drawn.file !== null && drawn.file.length > 0, drawn.reason);
    }
    for await (const { bitsPerSymbol, heatMap } of score(model, input)) {
      t.true(Math.abs(bitsPerSymbol - Math.log2(alphabet + 3)) < 1, `${bitsPerSymbol}`);
      t.true((await heatMap()).length > 0);
    }

    const server = await serve({ checkpoint: foreign, codec: choice, port: 0, threads: 1 });
    t.teardown(() => server.close());
    const upload = await fetch(`${server.url}/api/prompt?ratio=0.5`, {
      method: 'POST',
      headers: { 'content-type': 'application/octet-stream' },
      body: await readFile(input),
    });
    t.is(upload.status, 200, await upload.clone().text());
    const { prompt, width } = (await upload.json()) as { prompt: number[]; width: number };
    t.is(width, codec.width);
    if (seqLen !== undefined) {
      t.is(prompt.length, 1 + (seqLen - 2) / 2);
      const answer = await fetch(`${server.url}/v1/completions`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ prompt, response_format: { type: 'image' } }),
      });
      const body = (await answer.json()) as { choices: { file: { url: string } | null }[] };
      t.regex(body.choices[0].file?.url ?? JSON.stringify(body), /^data:image\/png;base64,/);
      const picture = await fetch(`${server.url}/api/picture`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ prompt, text: '' }),
      });
      t.is(picture.status, 200, await picture.text());
    }

    // The imported checkpoint has found all of it, and needs the options no more.
    const to = join(folder, 'checkpoint');
    const imported = await importModel({ from: foreign, to, codec: choice });
    t.deepEqual(imported.codec, { name, settings: codec.settings });
    t.is(imported.seqLen, codec.seqLen);
    const again = await loadModel(to);
    t.deepEqual(again.codec.settings, codec.settings);
    await again.close();
  });
}

test('the command lines hand the files on', async (t) => {
  const folder = await temporaryFolder(t);
  const foreign = await makeForeign(join(folder, 'foreign'), 48);
  const codec = [
    '--codec',
    'pixels',
    '--size',
    '8',
    '--clusters',
    'test/golden/pixels/clusters.npy',
  ];
  const scored = await run('trainer', ['score', '--checkpoint', foreign, ...codec, PICTURE]);
  t.is(scored.exitCode, 0, scored.stderr);
  const importing = ['import', '--from', foreign, '--to', join(folder, 'to'), ...codec];
  const done = await run('trainer', importing);
  t.is(done.exitCode, 0, done.stderr);
  t.regex(
    done.stderr,
    /taken as a model of pixels, 8x8, size 8, colours 48, clusters .{16}… \(768 characters\), 66 tokens/,
  );
});

test('a palette or model that nobody names is asked for', async (t) => {
  const pixels = openChoice({ name: 'pixels', options: { size: 8 } }, 100);
  const error = await t.throwsAsync<Error & { hint: string }>(pixels, {
    code: 'CONFIG_INVALID',
    message: /512 colours are learned from a corpus/,
  });
  t.is(error.hint, 'name `clusters` beside `codec`');
  await t.throwsAsync(openChoice({ name: 'vq', options: { size: 8 } }, 100), {
    code: 'CONFIG_INVALID',
    message: /no model is named/,
  });
});

/** Drawing with a draft: the same samples as without one, whatever the draft and the settings are. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { sharp } from '../../../../base/sharp.ts';
import { plainTokenizer } from '../../../../tokenizer/plain.ts';
import {
  loadModel,
  type Sample,
  type SampleOptions,
  sample,
  sampleFiles,
} from '../../../../trainer/index.ts';
import type { DraftCounts } from '../../../../trainer/sample/draft/drafter.ts';
import { type CheckpointOptions, makeCheckpoint } from '../../../helpers/checkpoint.ts';
import { temporaryFolder } from '../../../helpers/temporary.ts';
import { run } from '../../../helpers/workplace.ts';

const SIDE = 32;
const COLOURS = 6;
const clusters = Buffer.from(
  new Float32Array(3 * COLOURS).map((_, i) => (i % COLOURS) / 3 - 1).buffer,
).toString('base64');

/** Two codecs: one of bytes with a long grammar, one of symbols of a fixed number. */
const CODECS: Record<string, CheckpointOptions> = {
  jpeg: { side: SIDE },
  pixels: {
    codec: { name: 'pixels', settings: { size: 8, colours: COLOURS, clusters } },
    tokenizer: plainTokenizer(COLOURS),
    seqLen: 66,
  },
};
/** The model has clear favourites; drafts are the model itself, another one, and one that has none. */
const MODEL = { hiddenSize: 64, layers: 2, seed: 1, scale: 8 };
const DRAFTS: Record<string, CheckpointOptions> = {
  itself: MODEL,
  other: { hiddenSize: 32, layers: 1, seed: 2, scale: 8 },
  flat: { hiddenSize: 32, layers: 1, seed: 3 },
};
const SETTINGS = { num: 4, batchSize: 3, maxTokens: 260, seed: 9 };

async function all(samples: AsyncIterable<Sample>): Promise<Sample[]> {
  const found: Sample[] = [];
  for await (const one of samples) found.push(one);
  return found.sort((a, b) => a.index - b.index);
}

interface Places {
  model: string;
  drafts: Record<string, string>;
}

async function places(t: ExecutionContext, codec: string): Promise<Places> {
  const folder = await temporaryFolder(t);
  const model = join(folder, 'model');
  await makeCheckpoint(model, { ...CODECS[codec], ...MODEL });
  const drafts: Record<string, string> = {};
  for (const [name, options] of Object.entries(DRAFTS)) {
    drafts[name] = join(folder, name);
    await makeCheckpoint(drafts[name], { ...CODECS[codec], ...options });
  }
  return { model, drafts };
}

async function draw(dir: string, options: SampleOptions, draft?: string, draftTokens?: number) {
  const model = await loadModel(dir, { engine: 'wasm', draft, draftTokens });
  try {
    return await all(sample(model, options));
  } finally {
    await model.close();
  }
}

for (const codec of Object.keys(CODECS)) {
  for (const grammar of [true, false]) {
    test(`${codec}, grammar ${grammar}: any draft, any number of tokens, one thread or two`, async (t) => {
      const { model, drafts } = await places(t, codec);
      const options = { ...SETTINGS, grammar };
      const plain = await draw(model, options);
      t.true(new Set(plain.map(({ ids }) => ids.join())).size > 1);
      const cases = [1, 2, 3, 4, 5, 6, undefined].map((tokens, i) => ({
        ...{ tokens, threads: 1 + (i % 2) },
        // Each draft with a few or many tokens, and with as many as pay.
        names: tokens === undefined ? Object.keys(drafts) : [Object.keys(drafts)[i % 3]],
      }));
      for (const { tokens, threads, names } of cases) {
        for (const name of names) {
          const drafted = await draw(model, { ...options, threads }, drafts[name], tokens);
          t.deepEqual(drafted, plain, `${name} ${tokens}`);
        }
      }
    });
  }
}

async function counts(
  t: ExecutionContext,
  { model, drafts }: Places,
  name: string,
): Promise<DraftCounts> {
  const opened = await loadModel(model, { draft: drafts[name], draftTokens: 4 });
  t.teardown(() => opened.close());
  const to = join(await temporaryFolder(t), 'samples');
  const { draft } = await sampleFiles(opened, { ...SETTINGS, to });
  return draft!;
}

test('the model as its own draft is always right, another one seldom', async (t) => {
  const made = await places(t, 'jpeg');
  const [itself, other] = [await counts(t, made, 'itself'), await counts(t, made, 'other')];
  t.is(itself.accepted, itself.proposed);
  t.true(itself.accepted > 300, `${itself.accepted}`);
  t.true(other.accepted > 0 && other.accepted < 0.5 * other.proposed, JSON.stringify(other));
});

for (const [name, change] of Object.entries<SampleOptions>({
  'the limit ends a sample within what was proposed': { grammar: false, maxTokens: 7 },
  'the most likely token': { temperature: 0 },
  'all tokens': { topK: 0, topP: 1 },
  'a batch that changes, and one sequence alone': { num: 5, batchSize: 1 },
})) {
  test(name, async (t) => {
    const { model, drafts } = await places(t, 'jpeg');
    const options = { ...SETTINGS, ...change };
    const plain = await draw(model, options);
    for (const draft of Object.values(drafts))
      t.deepEqual(await draw(model, options, draft, 6), plain);
  });
}

test('several continuations of several prompts, with token healing', async (t) => {
  const { model, drafts } = await places(t, 'jpeg');
  const pictures = await Promise.all(
    [0, 1].map((nth) => {
      const pixels = Uint8Array.from({ length: SIDE * SIDE * 3 }, (_, i) => (i * (i + nth)) >> 5);
      return sharp(pixels, { raw: { width: SIDE, height: SIDE, channels: 3 } })
        .png()
        .toBuffer();
    }),
  );
  for (const tokenHealing of [false, true]) {
    const options = {
      ...SETTINGS,
      maxTokens: 500,
      prompt: pictures,
      num: 3,
      tokenHealing,
      batchSize: 4,
    };
    const plain = await draw(model, options);
    for (const draft of Object.values(drafts))
      t.deepEqual(await draw(model, options, draft, 3), plain);
  }
});

test('int8 weights and keys', async (t) => {
  const { model, drafts } = await places(t, 'jpeg');
  for (const draftTokens of [undefined, 5]) {
    const formats = { engine: 'wasm', weights: 'int8', cache: 'int8' } as const;
    const [plain, drafted] = [
      await loadModel(model, formats),
      await loadModel(model, { ...formats, draft: drafts.flat, draftTokens }),
    ];
    t.deepEqual(await all(sample(drafted, SETTINGS)), await all(sample(plain, SETTINGS)));
    await plain.close();
    await drafted.close();
  }
});

test('the command writes the same folder, and says how often the draft was right', async (t) => {
  const { model, drafts } = await places(t, 'jpeg');
  const folder = await temporaryFolder(t);
  const command = (to: string, ...more: string[]) =>
    run('trainer', [
      ...[
        'sample',
        '--checkpoint',
        model,
        '--num',
        '3',
        '--max-tokens',
        '260',
        '--to',
        join(folder, to),
      ],
      ...['--engine', 'wasm', ...more],
    ]);
  const plain = await command('plain');
  t.is(plain.exitCode, 0, plain.stderr);
  t.notRegex(plain.stderr, /draft/);
  const drafted = await command('drafted', '--draft', drafts.flat, '--draft-tokens', '3');
  t.is(drafted.exitCode, 0, drafted.stderr);
  t.regex(drafted.stderr, /the draft proposed [\d,]+ tokens, of which \d+\.\d % were drawn/);
  const names = (await readdir(join(folder, 'plain'))).sort();
  t.deepEqual((await readdir(join(folder, 'drafted'))).sort(), names);
  for (const name of names) {
    const [one, other] = ['plain', 'drafted'].map((to) => readFile(join(folder, to, name)));
    t.true((await one).equals(await other), name);
  }
});

import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ExecutionContext } from 'ava';
import { execa } from 'execa';
import { readSafetensors } from '../../../base/safetensors/safetensors.ts';
import { importOriginSchema } from '../../../schemas/checkpoint.ts';
import { createJpegGrammar } from '../../../tokenizer/codecs/jpeg/grammar.ts';
import { validateDocument } from '../../../tokenizer/mask/validate.ts';
import { readModelConfig } from '../../../trainer/checkpoint/huggingface.ts';
import { modelSettingsOf, startFrom } from '../../../trainer/checkpoint/init.ts';
import { findWeights, readWeightsAt } from '../../../trainer/checkpoint/weight-files.ts';
import { importModel } from '../../../trainer/import/import.ts';
import { loadModel } from '../../../trainer/sample/model.ts';
import { scoreDocument } from '../../../trainer/score/document.ts';
import { symbolsOf } from '../../../trainer/serve/text.ts';
import { complete, start } from '../../helpers/server.ts';
import { temporaryFolder } from '../../helpers/temporary.ts';
import { hasTool } from '../../helpers/tools.ts';
import { testTorch } from '../../helpers/torch.ts';
import { run } from '../../helpers/workplace.ts';

const GOLDEN = join(import.meta.dirname, '../../golden/import');
const CODEC = { name: 'jpeg', options: { size: '32' } };
const NAMES = ['prefix', 'no-prefix'] as const;

interface Expected {
  documents: { bytes: string; ids: number[] }[];
  bitsPerByte: number;
}

async function expectedOf(name: string): Promise<Expected> {
  return JSON.parse(await readFile(join(GOLDEN, name, 'expected.json'), 'utf8'));
}

async function imported(t: ExecutionContext, name: string): Promise<string> {
  const to = join(await temporaryFolder(t), 'checkpoint');
  await importModel({ from: join(GOLDEN, name, 'model'), to, codec: CODEC });
  return to;
}

for (const name of NAMES) {
  testTorch(`${name}: logits and bits per byte are those of transformers`, async (t) => {
    const expected = await expectedOf(name);
    const { tensors } = await readSafetensors(join(GOLDEN, name, 'expected.safetensors'));
    const { data, shape } = tensors.get('logits')!;
    const model = await loadModel(await imported(t, name), { weights: 'fp32' });
    const document = Buffer.from(expected.documents[0].bytes, 'hex');
    const ids = model.tokenizer.encodeDocument(document);
    t.is(ids.length, shape[0]);
    const size = { sequences: 1, positions: ids.length, threads: 1 };
    await model.use(size, async (engine) => {
      const sequence = engine.open(ids.length)!;
      let worst = 0;
      for (const [i, id] of ids.entries()) {
        const [logits] = await engine.step([{ sequence, id, wantsLogits: true }]);
        logits.forEach((logit, k) => {
          worst = Math.max(worst, Math.abs(logit - data[i * shape[1] + k]));
        });
      }
      engine.close(sequence);
      t.true(worst < 1e-4, `${worst}`);
      const { bitsPerSymbol } = await scoreDocument(
        { symbols: document, ids },
        model.tokenizer,
        engine,
      );
      t.true(Math.abs(bitsPerSymbol - expected.bitsPerByte) < 1e-5, `${bitsPerSymbol}`);
    });
    await model.close();
  });

  testTorch(`${name}: weights keep every bit, and it is said where they came from`, async (t) => {
    const from = join(GOLDEN, name, 'model');
    const to = await imported(t, name);
    const [before, after] = [await findWeights(from), await findWeights(to)];
    t.deepEqual([...after.places.keys()].sort(), [...before.places.keys()].sort());
    for (const [tensorName, place] of before.places) {
      const found = after.places.get(tensorName)!;
      t.deepEqual([found.dtype, found.shape], [place.dtype, place.shape]);
      t.deepEqual(await found.read(), await place.read());
    }
    const config = JSON.parse(await readFile(join(to, 'config.json'), 'utf8'));
    t.is(config.torch_dtype, name === 'prefix' ? 'bfloat16' : 'float16');
    const origin = importOriginSchema.parse(
      JSON.parse(await readFile(join(to, 'import.json'), 'utf8')),
    );
    t.is(origin.from, from);
    t.deepEqual(origin.files.map((file) => file.name).sort(), (await readdir(from)).sort());
    for (const file of origin.files) {
      const content = await readFile(join(from, file.name));
      t.is(file.sha256, createHash('sha256').update(content).digest('hex'));
    }
  });

  testTorch(
    `${name}: samples open, drawn from the checkpoint and from the folder itself`,
    async (t) => {
      const folder = await temporaryFolder(t);
      const from = join(GOLDEN, name, 'model');
      const checkpoint = join(folder, 'checkpoint');
      const made = await run('trainer', [
        ...['import', '--from', from, '--to', checkpoint, '--size', '32', '--seq-len', '900'],
      ]);
      t.is(made.exitCode, 0, made.stderr);
      t.regex(made.stderr, /taken as a model of jpeg, 32x32, quality 25, 900 tokens/);
      const sampled = async (to: string, ...args: string[]) => {
        const done = await run('trainer', ['sample', '--num', '4', '--to', to, ...args]);
        t.is(done.exitCode, 0, done.stderr);
        return (await readdir(to)).filter((file) => file.endsWith('.jpg'));
      };
      const [one, two] = [join(folder, 'one'), join(folder, 'two')];
      const files = await sampled(one, '--checkpoint', checkpoint);
      t.is(files.length, 4);
      await sampled(
        two,
        '--checkpoint',
        from,
        '--codec',
        'jpeg',
        '--size',
        '32',
        '--max-tokens',
        '900',
      );
      for (const file of files) {
        t.deepEqual(await readFile(join(one, file)), await readFile(join(two, file)));
        if (hasTool('djpeg'))
          await execa('djpeg', ['-strict', '-outfile', '/dev/null', join(one, file)]);
      }
      if (!hasTool('djpeg')) t.log('djpeg is not installed');
    },
  );

  testTorch(`${name}: without a grammar nothing of a special is drawn`, async (t) => {
    const to = await temporaryFolder(t);
    const done = await run('trainer', [
      ...['sample', '--checkpoint', join(GOLDEN, name, 'model'), '--codec', 'jpeg', '--size', '32'],
      ...['--num', '6', '--to', to, '--grammar', 'off', '--max-tokens', '300', '--top-k', '0'],
      ...['--temperature', '3', '--top-p', '1'],
    ]);
    t.is(done.exitCode, 0, done.stderr);
  });

  testTorch(`${name}: the authors' prompts go on to files that open`, async (t) => {
    const checkpoint = await imported(t, name);
    const { server } = await start(t, { checkpoint, maxTokens: 900, maxQueue: 64 });
    const { documents } = await expectedOf(name);
    const grammar = createJpegGrammar({ width: 32, height: 32, quality: 25 });
    const document = Buffer.from(documents[1].bytes, 'hex');
    // Up to the second restart marker; ten continuations are a list of ten equal prompts.
    const given = document.subarray(0, document.indexOf(Buffer.of(0xff, 0xd1)) + 2);
    const { tokenizer } = await loadModel(checkpoint);
    const ids = [1, ...tokenizer.encode(given)];
    const answer = await complete(server, {
      ...{ model: 'jpeglm', prompt: Array(10).fill(ids), max_tokens: 900 - ids.length },
      ...{ temperature: 1, top_p: 0.9, top_k: 50, seed: 4, stream: false },
      spaces_between_special_tokens: false,
    });
    t.is(answer.choices.length, 10);
    for (const { text } of answer.choices) {
      t.notThrows(() => validateDocument(Buffer.concat([given, symbolsOf(text)]), grammar));
    }
    t.is(new Set(answer.choices.map(({ text }) => text)).size, 10);
    const drawn = await complete(server, { prompt: [1], max_tokens: 890, seed: 1 });
    t.notThrows(() => validateDocument(symbolsOf(drawn.choices[0].text), grammar));
  });
}

testTorch(
  'a folder that does not say its codec names the command that makes it say so',
  async (t) => {
    const from = join(GOLDEN, 'prefix/model');
    const to = await temporaryFolder(t);
    for (const command of [
      ['sample', '--to', to],
      ['score', 'x.png'],
      ['serve', '--port', '0'],
    ]) {
      const done = await run('trainer', [...command, '--checkpoint', from]);
      t.is(done.exitCode, 1);
      t.regex(
        done.stderr,
        /name them by --codec, or make a checkpoint of it with `trainer import`/,
      );
    }
    const unknown = await run('trainer', ['score', 'x.png', '--checkpoint', from, '--size', '32']);
    t.is(unknown.exitCode, 2);
    const checkpoint = await imported(t, 'prefix');
    const both = await run('trainer', [
      ...['score', 'x.png', '--checkpoint', checkpoint, '--codec', 'jpeg'],
    ]);
    t.is(both.exitCode, 2);
    t.regex(both.stderr, /codec\.json says which codec it is: leave --codec out/);
  },
);

testTorch('a run begins with weights that torch saved', async (t) => {
  const from = join(GOLDEN, 'no-prefix/model');
  const settings = await modelSettingsOf(from);
  t.like(settings, { hiddenSize: 16, layers: 2, heads: 4, intermediateSize: 32 });
  const config = await readModelConfig(from);
  const { weights, fresh } = await startFrom(from, config, 1);
  t.deepEqual(fresh, []);
  const { places } = await findWeights(await imported(t, 'no-prefix'));
  t.deepEqual(weights, await readWeightsAt(places, weights.keys()));
});

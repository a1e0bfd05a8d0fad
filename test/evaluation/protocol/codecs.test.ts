/** The protocol with codecs of other symbols: nothing of it knows which codec it is. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { Layout } from '../../../evaluation/protocol/layout.ts';
import { readPixels } from '../../../evaluation/protocol/rasters.ts';
import { codecNamed } from '../../../tokenizer/codecs/registry.ts';
import { plainTokenizer } from '../../../tokenizer/plain.ts';
import { makeCheckpoint } from '../../helpers/checkpoint.ts';
import { evaluated, evaluationPlace } from '../../helpers/evaluation.ts';

/** An evaluation of a model of that codec, with pictures of half the size too. */
async function evaluatedWith(
  t: ExecutionContext,
  name: string,
  options: Readonly<Record<string, unknown>>,
) {
  const place = await evaluationPlace(t, { pictures: 3 });
  const definition = codecNamed(name);
  const { settings, tools } = definition.fromOptions(definition.options.parse(options));
  const codec = await definition.open(settings, tools);
  const recorded = (await codec.encoder()).settings;
  await makeCheckpoint(place.checkpoint, {
    seqLen: codec.seqLen,
    codec: { name, settings: recorded },
    tokenizer: plainTokenizer(codec.alphabet),
  });
  const to = join(place.folder, 'out');
  const found = await evaluated(place, {
    to,
    halfSize: true,
    unconditional: true,
    ratios: [0.3, 0.5],
  });
  return { codec, ...found, layout: new Layout(to) };
}

test('pixels: whole rows are given, and completions begin with them', async (t) => {
  const clusters = 'test/golden/pixels/clusters.npy';
  const { codec, table, layout, files } = await evaluatedWith(t, 'pixels', { size: 16, clusters });
  t.is(table.codec, 'Pixels');
  const { counts } = table.rows[0];
  // Two completions of three pictures; <bos> is given too, <eos> is drawn.
  const [given, all] = [4 * 16, 16 * 16];
  t.like(counts['ratio-0.3'], { pictures: 6, invalid: 0, promptTokens: 6 * (given + 1) });
  t.is(counts['ratio-0.3'].tokens, 6 * (all - given + 1));
  t.is(counts.unconditional.tokens, 6 * (all + 1));
  // Within its border of 4 rows the picture has 8, of which 2.4 are given.
  t.is(counts['half-ratio-0.3'].promptTokens, 6 * (6 * 16 + 1));
  const drawn = join(layout.completions, 'ratio-0.3/top-k-40-top-p-0.9/seed-1');
  for (const name of (await readdir(drawn)).filter((file) => file.endsWith('.png'))) {
    const [completion, canonical] = [
      await readPixels(join(drawn, name)),
      await readPixels(join(layout.prepared('canonical', false), name)),
    ];
    const end = 3 * given;
    t.deepEqual(completion.data.subarray(0, end), canonical.data.subarray(0, end));
    t.notDeepEqual(completion.data, canonical.data);
  }
  t.is(codec.width, 16);
  t.regex(await readFile(files.page, 'utf8'), /Completions by a model of Pixels documents/);
});

test('vq: codes, drawn by their model', async (t) => {
  const model = 'test/golden/vq/taming';
  const before = process.env.CODEC_LM_VQ;
  process.env.CODEC_LM_VQ = model;
  t.teardown(() => {
    if (before === undefined) delete process.env.CODEC_LM_VQ;
    else process.env.CODEC_LM_VQ = before;
  });
  const { codec, table } = await evaluatedWith(t, 'vq', { size: 16, vq: model });
  t.is(table.codec, 'VQ');
  const side = Math.sqrt(codec.seqLen! - 2);
  const { counts } = table.rows[0];
  const given = (ratio: number) => Math.floor(ratio * side) * side;
  for (const ratio of [0.3, 0.5]) {
    t.is(counts[`ratio-${ratio}`].promptTokens, 6 * (given(ratio) + 1));
    t.is(counts[`ratio-${ratio}`].tokens, 6 * (side * side - given(ratio) + 1));
  }
  t.is(counts.unconditional.invalid, 0);
});

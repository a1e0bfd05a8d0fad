/** The whole protocol on a small model: what is drawn, measured, kept and refused. */
import { mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import { pickInstalled } from '../../../compute/native.ts';
import { compare } from '../../../evaluation/index.ts';
import { Layout, pictureName } from '../../../evaluation/protocol/layout.ts';
import { ByteBpe } from '../../../tokenizer/bpe/tokenizer.ts';
import { sampleFiles } from '../../../trainer/sample/files.ts';
import { loadModel } from '../../../trainer/sample/model.ts';
import { makeCheckpoint } from '../../helpers/checkpoint.ts';
import { evaluated, evaluationPlace, SIDE, writeNetwork } from '../../helpers/evaluation.ts';
import { testIf } from '../../helpers/tools.ts';

const SEED = 3;

test('completions are those of `trainer sample`, byte for byte', async (t) => {
  const place = await evaluationPlace(t);
  const to = join(place.folder, 'out');
  await evaluated(place, { to, seed: SEED, unconditional: true });
  const model = await loadModel(place.checkpoint);
  const prompt = join(to, 'prompts/whole/originals');
  const [prompted, free] = [join(place.folder, 'prompted'), join(place.folder, 'free')];
  await sampleFiles(model, { prompt, cut: { ratio: 0.5 }, num: 1, seed: SEED + 1, to: prompted });
  await sampleFiles(model, { num: 6, seed: SEED, to: free });
  await model.close();
  for (const [condition, seed, expected] of [
    ['ratio-0.5', SEED + 1, prompted],
    ['unconditional', SEED, free],
  ] as const) {
    const folder = join(to, 'completions', condition, 'top-k-40-top-p-0.9', `seed-${seed}`);
    const names = (await readdir(folder)).filter((name) => name.endsWith('.jpg'));
    t.is(names.length, 6);
    for (const name of names) {
      t.deepEqual(await readFile(join(folder, name)), await readFile(join(expected, name)));
    }
  }
});

test('figures are those of `compare`, of folders; floors, references and halves are there', async (t) => {
  const place = await evaluationPlace(t, { pictures: 8 });
  const features = await writeNetwork(place.folder);
  const to = join(place.folder, 'out');
  const { table, files } = await evaluated(place, { to, features, halfSize: true });
  t.is(table.network?.distance, 'FD-MobileNetV2');
  t.deepEqual(
    table.conditions.map(({ id }) => id),
    ['ratio-0.5', 'half-ratio-0.5'],
  );
  const [model, codec, halves] = table.rows;
  t.deepEqual(
    [model.kind, codec.name, halves.name],
    ['model', 'originals as the codec writes them', 'one half of the originals against the other'],
  );
  const layout = new Layout(to);
  const originals = layout.prepared('originals', false);
  const canonical = layout.prepared('canonical', false);
  const floor = await compare(originals, canonical, { features, resize: 'clean' });
  const near = (value: number, wanted: number) => Math.abs(value - wanted) < 1e-6 * wanted;
  t.true(near(codec.cells['ratio-0.5'].raw!.distance.mean, floor.fid));
  t.is(codec.cells['ratio-0.5'].canonical, undefined, 'a set against itself is no figure');
  const folder = join(layout.completions, 'ratio-0.5', 'top-k-40-top-p-0.9', 'seed-1');
  const drawn = await compare(canonical, folder, { features, resize: 'clean' });
  const cell = model.cells['ratio-0.5'].canonical!;
  t.true(near(cell.distance.values[1], drawn.fid));
  t.true(Math.abs(cell.kid!.values[1] - drawn.kid!.mean) < 1e-6);
  t.deepEqual([cell.precision!.values[1], cell.recall!.values[1]], [drawn.precision, drawn.recall]);
  const [first, second] = cell.distance.values;
  t.is(cell.distance.mean, (first + second) / 2);
  t.true(Math.abs(cell.distance.deviation! - Math.abs(first - second) / Math.SQRT2) < 1e-9);
  t.true(halves.cells['half-ratio-0.5'].canonical!.distance.mean > 0);
  t.regex(table.notes.join('\n'), /8 pictures are fewer than the 1280 features/);
  const markdown = await readFile(files.markdown, 'utf8');
  t.regex(markdown, /## FD-MobileNetV2 against the raw pictures\n\nLower is better\.\n\n\| {2}\|/);
  t.true(
    markdown.includes(`${cell.distance.mean.toFixed(2)} (±${cell.distance.deviation!.toFixed(2)})`),
  );
  t.notRegex(markdown, /\bFID\b/);
});

test('again: nothing is drawn or computed anew, and the table is the same; features can be added', async (t) => {
  const place = await evaluationPlace(t);
  const to = join(place.folder, 'out');
  const { table, files } = await evaluated(place, { to });
  t.is(table.network, undefined);
  t.regex(table.notes.join('\n'), /tables of distances, KID, precision and recall are left out/);
  t.regex(await readFile(files.markdown, 'utf8'), /left out/);
  const drawn = new Layout(to).completions;
  const ages = await agesOf(drawn);
  t.true(ages.size >= 24);
  const features = await writeNetwork(place.folder);
  const measured = await evaluated(place, { to, features, batchSize: 2 });
  t.truthy(measured.table.rows[0].cells['ratio-0.5'].raw);
  const before = await readFile(files.table);
  const computed = await agesOf(new Layout(to).features);
  // As a killed process leaves it.
  const left = join(drawn, 'ratio-0.5', '.00000000.jpg.4711-0123abcd.tmp');
  await writeFile(left, 'half');
  await evaluated(place, { to, features });
  t.false((await agesOf(drawn)).has(left));
  t.deepEqual(await readFile(files.table), before);
  t.deepEqual(await agesOf(drawn), ages);
  t.deepEqual(await agesOf(new Layout(to).features), computed);
});

test('with token healing completions are those of `trainer sample` with it, and it is part of the plan', async (t) => {
  const place = await evaluationPlace(t);
  // A cut behind a marker is within a token, where the marker and a byte of the next MCU are one.
  const markers = Array.from({ length: 8 }, (_, i): [number, number] => [0xff, 0xd0 + i]);
  const longer = markers.flatMap((_, i): [number, number][] => [
    [256 + i, 0xa2],
    [256 + i, 0xf7],
  ]);
  const tokenizer = new ByteBpe([...markers, ...longer]);
  await makeCheckpoint(place.checkpoint, { side: SIDE, seqLen: 1000, tokenizer });
  const [healed, plain] = ['healed', 'plain'].map((name) => join(place.folder, name));
  const { table, files } = await evaluated(place, { to: healed, seed: SEED, tokenHealing: true });
  await evaluated(place, { to: plain, seed: SEED });
  const model = await loadModel(place.checkpoint);
  const expected = join(place.folder, 'expected');
  await sampleFiles(model, {
    ...{ prompt: join(healed, 'prompts/whole/originals'), cut: { ratio: 0.5 }, num: 1 },
    ...{ seed: SEED, to: expected, tokenHealing: true },
  });
  await model.close();
  const drawn = join('completions/ratio-0.5/top-k-40-top-p-0.9', `seed-${SEED}`);
  for (let i = 0; i < 6; i++) {
    const [picture, description] = [`${pictureName(i)}.jpg`, `${pictureName(i)}.json`];
    t.deepEqual(
      await readFile(join(healed, drawn, picture)),
      await readFile(join(expected, picture)),
    );
    const [fewer, all] = await Promise.all(
      [healed, plain].map(async (to) =>
        JSON.parse(await readFile(join(to, drawn, description), 'utf8')),
      ),
    );
    t.is(fewer.promptTokens, all.promptTokens - 1, 'the marker is drawn again');
  }
  t.is(table.settings.tokenHealing, true);
  t.regex(await readFile(files.markdown, 'utf8'), /grammar on, token healing;/);
  await t.throwsAsync(evaluated(place, { to: healed, seed: SEED }), {
    code: 'OUTPUT_IN_USE',
    message: /tokenHealing: true then, false now/,
  });
  // As it was before there was such an option.
  const before = JSON.parse(await readFile(new Layout(plain).plan, 'utf8'));
  delete before.settings.tokenHealing;
  await writeFile(new Layout(plain).plan, JSON.stringify(before));
  await evaluated(place, { to: plain, seed: SEED });
});

async function agesOf(folder: string): Promise<Map<string, number>> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile());
  const paths = files.map((entry) => join(entry.parentPath, entry.name)).sort();
  return new Map(
    await Promise.all(paths.map(async (path) => [path, (await stat(path)).mtimeMs] as const)),
  );
}

test('another checkpoint, settings or pictures are refused, and what differs is said', async (t) => {
  const place = await evaluationPlace(t);
  const to = join(place.folder, 'out');
  await evaluated(place, { to });
  const ages = await agesOf(to);
  const refused = (options: object, message: RegExp) =>
    t.throwsAsync(evaluated(place, { to, ...options }), { code: 'OUTPUT_IN_USE', message });
  await refused({ seeds: 3 }, /seeds: 2 then, 3 now/);
  await refused(
    { ratios: [0.25, 0.5], topK: [40, 80] },
    /ratios: \[0\.5\] then, \[0\.25,0\.5\] now; topK/,
  );
  await makeCheckpoint(place.checkpoint, { side: SIDE, seqLen: 1000, hiddenSize: 48 });
  await refused(
    {},
    /the checkpoint: "[0-9a-f]+… \(\d+ characters\)|the checkpoint: "[0-9a-f]{64}" then/,
  );
  await makeCheckpoint(place.checkpoint, { side: SIDE, seqLen: 1000 });
  const picture = join(place.images, 'class-0', '00.png');
  const content = await readFile(picture);
  await writeFile(picture, Buffer.concat([content, Buffer.alloc(1)]));
  await refused({}, /the pictures: 6 then, 6 now, and class-0\/00\.png has another content/);
  await rm(picture);
  await refused({}, /the pictures: 6 then, 5 now/);
  await writeFile(picture, content);
  t.deepEqual(await agesOf(to), ages, 'nothing was touched');
  await evaluated(place, { to });

  // Before anything is drawn, another plan begins anew.
  await rm(new Layout(to).completions, { recursive: true });
  const { table } = await evaluated(place, { to, ratios: [0.25] });
  t.deepEqual(Object.keys(table.rows[0].counts), ['ratio-0.25']);
});

test('what cannot be evaluated is an error of its own, and nothing is written', async (t) => {
  const place = await evaluationPlace(t);
  const { folder } = place;
  const to = join(folder, 'out');
  const [empty, one, full] = ['empty', 'one', 'full'].map((name) => join(folder, name));
  for (const name of [empty, one, full]) await mkdir(name);
  await writeFile(join(one, '0.png'), await readFile(join(place.images, 'class-0', '00.png')));
  await writeFile(join(full, 'there.txt'), '');
  const fails = (options: object, code: string, message: RegExp) =>
    t.throwsAsync(evaluated(place, { to, ...options }), { code, message });
  await fails({ images: empty }, 'INPUT_EMPTY', /no files/);
  await fails({ images: one }, 'PICTURES_TOO_FEW', /one picture/);
  await fails({ images: join(folder, 'nowhere') }, 'INPUT_NOT_FOUND', /nowhere/);
  await fails({ ratios: [] }, 'CONFIG_INVALID', /nothing is left to draw/);
  await fails({ ratios: [1] }, 'CONFIG_INVALID', /ratios\.0/);
  await fails({ to: full }, 'OUTPUT_IN_USE', /not empty/);
  t.deepEqual(await readdir(full), ['there.txt']);
  // Killed while its plan was written: the folder is as good as empty.
  await mkdir(to, { recursive: true });
  await writeFile(join(to, '.plan.json.4711-0123abcd.tmp'), '{');
  await fails({ maxTokens: 30 }, 'CONFIG_INVALID', /class-0\/00\.png, r = 0\.5: /);
  t.false((await readdir(to)).includes('completions'), 'told before anything is drawn');

  const broken = join(place.images, 'class-1', 'broken.jpg');
  await writeFile(broken, 'no picture');
  await fails({}, 'IMAGE_UNSUPPORTED', /broken\.jpg/);
  await rm(broken);
  const { table } = await evaluated(place, { to });
  t.is(table.pictures, 6, 'without it the same folder is begun anew');
});

test('free sampling: what is no picture counts, and is shown as far as it goes', async (t) => {
  const place = await evaluationPlace(t, { pictures: 3 });
  const to = join(place.folder, 'out');
  const { table, files } = await evaluated(place, {
    ...{ to, grammar: false, unconditional: true, maxTokens: 200, seeds: 1 },
  });
  const { counts } = table.rows[0];
  t.is(counts.unconditional.invalid, 3);
  t.is(counts.unconditional.pictures, 3);
  const folder = join(to, 'completions/unconditional/top-k-40-top-p-0.9/seed-0');
  t.deepEqual((await readdir(folder)).filter((name) => name.startsWith('00000000')).sort(), [
    '00000000.bin',
    '00000000.json',
    '00000000.png',
  ]);
  t.regex(await readFile(files.markdown, 'utf8'), /grammar off/);
});

testIf(
  pickInstalled() !== undefined,
  'the native backend is not set up',
  'an engine whose completions depend on the batch is noted, and no other goes on with them',
  async (t) => {
    const place = await evaluationPlace(t, { pictures: 3 });
    const to = join(place.folder, 'out');
    const { table } = await evaluated(place, { to, engine: 'native', seeds: 1 });
    t.like(table.checkpoint, { engine: 'native', weights: 'as stored', cache: 'as weights' });
    t.regex(table.notes.join('\n'), /completions depend a little on what is drawn beside them/);
    const message = /engine: "native" then, "wasm" now/;
    const other = evaluated(place, { to, engine: 'wasm', seeds: 1 });
    await t.throwsAsync(other, { code: 'OUTPUT_IN_USE', message });
    const alone = join(place.folder, 'alone');
    const { table: same } = await evaluated(place, { to: alone, engine: 'wasm', seeds: 1 });
    t.notRegex(same.notes.join('\n'), /depend/);
  },
);

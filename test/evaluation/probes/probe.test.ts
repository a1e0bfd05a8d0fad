/** Probes of a model that knows its documents by heart, so that every figure is known beforehand. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { CodecLmError } from '../../../base/error.ts';
import { sharp } from '../../../base/sharp.ts';
import { type ErrorCode, type ProbeOptions, probeModel } from '../../../evaluation/index.ts';
import { avc } from '../../../tokenizer/codecs/avc/index.ts';
import { jpeg } from '../../../tokenizer/codecs/jpeg/index.ts';
import { pixels } from '../../../tokenizer/codecs/pixels/index.ts';
import type { Codec, Symbols } from '../../../tokenizer/index.ts';
import { makeRaster } from '../../helpers/rasters.ts';
import { temporaryFolder } from '../../helpers/temporary.ts';
import { testWith } from '../../helpers/tools.ts';
import { makeClips } from '../../helpers/videos.ts';
import { CERTAINTY, oracleOf } from './oracle.ts';

const SIDE = 32;

/** Pictures as files, and their documents. */
async function pictures(t: ExecutionContext, codec: Codec, count: number) {
  const folder = await temporaryFolder(t);
  const encoder = await codec.encoder();
  const paths: string[] = [];
  const documents: Symbols[] = [];
  for (let i = 0; i < count; i++) {
    const path = join(folder, `${i}.png`);
    const { pixels: data } = makeRaster('noise', SIDE, SIDE, i + 1);
    await sharp(data, { raw: { width: SIDE, height: SIDE, channels: 3 } }).toFile(path);
    paths.push(path);
    documents.push((await encoder.encode(await readFile(path), path)).symbols);
  }
  return { folder, paths, documents };
}

/** Bits of a token that the oracle is sure of, and of any other. */
function bitsOf(vocabSize: number) {
  const total = Math.exp(CERTAINTY) + vocabSize - 1;
  return { sure: Math.log2(total) - CERTAINTY / Math.LN2, wrong: Math.log2(total) };
}

function near(t: ExecutionContext, found: number, expected: number, what: string): void {
  t.true(Math.abs(found - expected) <= 1e-5 * Math.max(1, expected), `${what}: ${found}`);
}

const ODD = { num: 0, clips: 0, damages: 0 };

test('bits by kind and place: each byte takes the same, the end too', async (t) => {
  const codec = await jpeg.open({ width: SIDE, height: SIDE });
  const { paths, documents } = await pictures(t, codec, 1);
  const model = oracleOf(codec, documents, 4000);
  const { syntax, ...others } = await probeModel(model, paths, ODD);
  t.deepEqual(others, {});
  const { sure } = bitsOf(259);
  const bytes = documents[0].length;
  near(t, syntax!.bitsPerSymbol, (sure * (bytes + 1)) / bytes, 'bits per byte');
  const kinds = Object.fromEntries(syntax!.kinds.map((kind) => [kind.kind, kind]));
  t.deepEqual(Object.keys(kinds), ['header', 'DC', 'AC', 'padding', 'marker']);
  t.deepEqual([kinds.header.symbols, kinds.marker.symbols], [59, 8]);
  for (const { kind, bitsPerSymbol } of syntax!.kinds) near(t, bitsPerSymbol, sure, kind);
  const { columns, rows, bits } = syntax!.places!;
  t.deepEqual([columns, rows, bits.length], [2, 2, 4]);
  near(
    t,
    bits.reduce((a, b) => a + b),
    sure * (bytes - 59),
    'bits of all places',
  );
});

test('damage: found at once, mended at once; chance and the check stand beside', async (t) => {
  const codec = await jpeg.open({ width: SIDE, height: SIDE });
  const { paths, documents } = await pictures(t, codec, 1);
  const model = oracleOf(codec, documents, 4000);
  const { damage } = await probeModel(model, paths, { ...ODD, damages: 30, only: ['damage'] });
  const { found, foundByChance, mended } = damage!;
  t.is(damage!.damaged, 30);
  t.deepEqual(found, { top1: 1, top10: 1 });
  near(t, foundByChance.top10, 10 / documents[0].length, 'chance');
  t.deepEqual(damage!.foundPlace, { top1: 1, top3: 1 });
  // Four MCUs and the header.
  near(t, damage!.foundPlaceByChance!.top1, 1 / 5, 'chance of a place');
  near(t, damage!.foundPlaceByChance!.top3, 3 / 5, 'chance of a place');
  t.deepEqual(mended, { top1: 1, top5: 1, top10: 1 });
  t.is(damage!.mendedWithCheck, 1);
  t.true(damage!.refused > 0 && damage!.refused <= 1);
  t.true(damage!.mendedByCheckAlone > 0 && damage!.mendedByCheckAlone < 1);
  const again = await probeModel(model, paths, { ...ODD, damages: 30, only: ['damage'] });
  t.deepEqual(again.damage, damage, 'the same seed damages the same bytes');
});

test('damage that a model does not notice', async (t) => {
  const codec = await jpeg.open({ width: SIDE, height: SIDE });
  const { paths } = await pictures(t, codec, 1);
  // It knows another picture, and is surprised everywhere.
  const { documents } = await pictures(t, codec, 2);
  const model = oracleOf(codec, documents.slice(1), 4000);
  const { damage } = await probeModel(model, paths, { ...ODD, damages: 30, only: ['damage'] });
  t.true(damage!.found.top1 < 0.5);
  t.true(damage!.mended.top10 < 1);
});

test('classes: what the model knows takes fewer bits', async (t) => {
  const codec = await jpeg.open({ width: SIDE, height: SIDE });
  const { paths, documents } = await pictures(t, codec, 3);
  const model = oracleOf(codec, documents.slice(0, 1), 4000);
  const options: ProbeOptions = { ...ODD, against: paths.slice(1), only: ['classes'] };
  const { classes } = await probeModel(model, paths.slice(0, 1), options);
  t.is(classes!.auc, 1);
  t.deepEqual([classes!.first.files, classes!.second.files], [1, 2]);
  t.true(classes!.second.bitsPerSymbol > 5 * classes!.first.bitsPerSymbol);
  const turned = await probeModel(model, paths.slice(1), {
    ...options,
    against: paths.slice(0, 1),
  });
  t.is(turned.classes!.auc, 0);
});

test('validity: a model of a whole document, and one of a broken one', async (t) => {
  const codec = await jpeg.open({ width: SIDE, height: SIDE });
  const { paths, documents } = await pictures(t, codec, 1);
  const options: ProbeOptions = { num: 3, only: ['validity'], temperature: 0 };
  const whole = await probeModel(oracleOf(codec, documents, 2000), paths, options);
  t.deepEqual(whole.validity, { drawn: 3, valid: 1, ended: 1, corrected: 0 });
  const broken = documents[0].slice();
  broken[20] = 0x42;
  const { validity } = await probeModel(oracleOf(codec, [broken], 2000), paths, options);
  t.deepEqual([validity!.valid, validity!.ended], [0, 1]);
  t.true(validity!.corrected > 0 && validity!.corrected < 1);
});

test('a codec of blocks: one kind, and a place for each', async (t) => {
  const clusters = Float32Array.from({ length: 8 * 3 }, (_, i) => ((i * 7) % 24) / 12 - 1);
  const text = Buffer.from(clusters.buffer).toString('base64');
  const codec = await pixels.open({ size: 4, colours: 8, clusters: text });
  const { paths, documents } = await pictures(t, codec, 2);
  const model = oracleOf(codec, documents, 18);
  const { syntax, damage } = await probeModel(model, paths, { ...ODD, damages: 4 });
  t.deepEqual(
    syntax!.kinds.map(({ kind, symbols }) => [kind, symbols]),
    [['pixel', 32]],
  );
  t.deepEqual([syntax!.places!.columns, syntax!.places!.rows], [4, 4]);
  // Any colour passes the check: it tells nothing, and a guess is one of seven.
  t.is(damage!.refused, 0);
  near(t, damage!.mendedByCheckAlone, 1 / 7, 'a guess');
});

testWith('ffmpeg', 'clips: what is drawn to the letter beside the last frame again', async (t) => {
  t.timeout(120_000);
  const folder = await temporaryFolder(t);
  const [clip] = await makeClips(folder, 1, '32x32');
  const codec = await avc.open({ width: 32, height: 32, frames: 4, profile: 'reproducible' });
  const { symbols } = await (await codec.encoder()).encode(await readFile(clip), clip);
  const model = oracleOf(codec, [symbols], 8000);
  const { clips } = await probeModel(model, [clip], { only: ['clips'], temperature: 0 });
  t.deepEqual([clips!.clips, clips!.given], [1, 3]);
  t.deepEqual(
    clips!.frames.map(({ frame }) => frame),
    [3],
  );
  t.deepEqual([clips!.mean.psnr, clips!.mean.ssim], [100, 1]);
  t.true(clips!.mean.repeatPsnr > 5 && clips!.mean.repeatPsnr < 60);
  t.true(clips!.mean.repeatSsim < 1);
  // The document is a Buffer, whose `slice` shares memory: damage must not reach the original.
  const { damage, syntax } = await probeModel(model, [clip], { ...ODD, damages: 5 });
  t.is(syntax!.documents, 1);
  t.deepEqual(damage!.found, { top1: 1, top10: 1 });
  t.is(damage!.mendedWithCheck, 1);
});

test('what cannot be probed is said before anything is read', async (t) => {
  const codec = await jpeg.open({ width: SIDE, height: SIDE });
  const { paths, documents, folder } = await pictures(t, codec, 1);
  const model = oracleOf(codec, documents, 2000);
  const fails = async (options: ProbeOptions, code: ErrorCode, message: RegExp, files = paths) => {
    const error = await t.throwsAsync(probeModel(model, files, options), {
      instanceOf: CodecLmError,
    });
    t.is(error.code, code, error.message);
    t.regex(error.message, message);
  };
  await fails({ only: ['clips'] }, 'USAGE', /clips cannot run: JPEG documents have no frames/);
  await fails({ only: ['classes'] }, 'USAGE', /no files of another class/);
  await fails({ only: ['damage'], damages: 0 }, 'USAGE', /`damages` is 0/);
  await fails({ damages: -1 }, 'CONFIG_INVALID', /damages/);
  await fails({}, 'INPUT_NOT_FOUND', /missing\.png/, [join(folder, 'missing.png')]);
  const empty = await temporaryFolder(t);
  await writeFile(join(empty, 'notes.txt'), 'no picture');
  await fails({}, 'INPUT_EMPTY', /no image is in this folder/, [empty]);
  const broken = join(empty, 'broken.png');
  await writeFile(broken, 'no picture');
  await fails({}, 'IMAGE_UNSUPPORTED', /broken\.png/, [broken]);
  const controller = new AbortController();
  controller.abort();
  await fails({ signal: controller.signal }, 'INTERRUPTED', /probing/);
});

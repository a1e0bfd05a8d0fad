/** Mutated files and documents: every one gives a result or one of our errors, soon. */
import test, { type ExecutionContext } from 'ava';
import { CodecLmError } from '../../../../base/error.ts';
import { parseDocument } from '../../../../tokenizer/codecs/jpeg/document.ts';
import { createJpegCodec, encodeRaster } from '../../../../tokenizer/codecs/jpeg/encode.ts';
import { addRestartMarkers } from '../../../../tokenizer/codecs/jpeg/restarts.ts';
import { openRaster } from '../../../helpers/images.ts';
import { makeRaster, randomNumbers } from '../../../helpers/rasters.ts';
import { testLong } from '../../../helpers/tools.ts';

type Random = ReturnType<typeof randomNumbers>;

/** One to four changes: bytes, bits, cuts, repeats, runs of zeros or FFs. */
function mutate(original: Uint8Array, next: Random): Uint8Array {
  // A copy: slice() of a Buffer is a view.
  let bytes = new Uint8Array(original);
  const changes = 1 + (next() % 4);
  for (let i = 0; i < changes && bytes.length > 1; i++) {
    // Half of the changes hit the header, where lengths and sizes are.
    const at = next() % (next() & 1 ? Math.min(bytes.length, 200) : bytes.length);
    const end = Math.min(bytes.length, at + 1 + (next() % 64));
    const kind = next() % 6;
    if (kind === 0) bytes[at] = next() & 255;
    else if (kind === 1) bytes[at] ^= 1 << (next() & 7);
    else if (kind === 2) bytes.fill(next() & 1 ? 0xff : 0, at, end);
    else if (kind === 3) bytes = joined([bytes.subarray(0, at), bytes.subarray(end)]);
    else if (kind === 4) bytes = joined([bytes.subarray(0, end), bytes.subarray(at)]);
    else if (next() % 4 === 0) bytes = bytes.subarray(0, at);
  }
  return bytes;
}

function joined(parts: Uint8Array[]): Uint8Array<ArrayBuffer> {
  return new Uint8Array(Buffer.concat(parts));
}

async function originals(): Promise<Uint8Array[]> {
  const image = () => openRaster(makeRaster('texture', 90, 60, 4));
  const photo = () => openRaster(makeRaster('smooth', 150, 120, 8));
  const exif = await photo().jpeg().withMetadata({ orientation: 6 }).toBuffer();
  return [
    await photo().jpeg({ optimiseCoding: false }).toBuffer(),
    await image().jpeg({ progressive: true }).toBuffer(),
    await image().toColourspace('cmyk').jpeg().toBuffer(),
    exif,
    await image().png().toBuffer(),
    await image().ensureAlpha(0.5).png({ progressive: true }).toBuffer(),
    await image().png({ palette: true }).toBuffer(),
    await image().webp().toBuffer(),
    await image().webp({ lossless: true }).toBuffer(),
    await image().gif().toBuffer(),
    await image().tiff({ compression: 'lzw' }).toBuffer(),
    await image().tiff({ compression: 'none' }).toBuffer(),
    await image().tiff({ compression: 'jpeg', tile: true }).toBuffer(),
    await image().avif({ effort: 0 }).toBuffer(),
  ];
}

async function fuzzFiles(t: ExecutionContext, count: number, seed: number): Promise<void> {
  const next = randomNumbers(seed);
  const files = await originals();
  const codecs = [
    createJpegCodec({ width: 64, height: 64, maxPixels: 4_000_000, timeoutSeconds: 10 }),
    createJpegCodec({
      width: 32,
      height: 48,
      failOn: 'truncated',
      icc: 'srgb',
      maxPixels: 4_000_000,
    }),
    createJpegCodec({ width: 48, height: 32, background: 'white', maxPixels: 4_000_000 }),
  ];
  let good = 0;
  let slowest = 0;
  for (let i = 0; i < count; i++) {
    const codec = codecs[i % codecs.length];
    const file = mutate(files[next() % files.length], next);
    const started = performance.now();
    try {
      const document = await codec.encode(file, `fuzz-${i}`);
      t.is(parseDocument(document.symbols).width, document.width);
      good++;
    } catch (error) {
      if (!(error instanceof CodecLmError)) return t.fail(`fuzz-${i} of seed ${seed}: ${error}`);
      if (!error.code.startsWith('IMAGE_') || !error.message.startsWith(`fuzz-${i} `)) {
        return t.fail(`fuzz-${i} of seed ${seed}: ${error.code} ${error.message}`);
      }
    }
    slowest = Math.max(slowest, performance.now() - started);
  }
  t.true(slowest < 20_000, `the slowest took ${slowest.toFixed(0)} ms`);
  const peak = process.resourceUsage().maxRSS / 1024;
  t.true(peak < 1500, `peak memory ${peak.toFixed(0)} MiB`);
  t.log(
    `${count} files: ${good} still images, slowest ${slowest.toFixed(0)} ms, peak ${peak.toFixed(0)} MiB`,
  );
}

/** The parser and the rewrite take bytes from anywhere; they may refuse, never throw anything else. */
async function fuzzBytes(t: ExecutionContext, count: number, seed: number): Promise<void> {
  const next = randomNumbers(seed);
  const raster = makeRaster('texture', 60, 40, 6);
  const document = await encodeRaster(raster.pixels, 60, 40);
  const baseline = await openRaster(raster)
    .jpeg({ quality: 25, chromaSubsampling: '4:2:0', optimiseCoding: false })
    .toBuffer();
  let accepted = 0;
  for (let i = 0; i < count; i++) {
    for (const [read, bytes] of [
      [parseDocument, document],
      [addRestartMarkers, baseline],
    ] as const) {
      try {
        read(mutate(bytes, next));
        accepted++;
      } catch (error) {
        if (error instanceof CodecLmError && error.code === 'JPEG_INVALID') continue;
        return t.fail(`${read.name} ${i} of seed ${seed}: ${(error as Error).stack}`);
      }
    }
  }
  t.log(`${count} of each: ${accepted} still valid`);
  t.pass();
}

test('200 mutated image files end with a document or an IMAGE_ error', (t) => fuzzFiles(t, 200, 1));

test('5,000 mutated documents and baseline files are read or refused', (t) =>
  fuzzBytes(t, 5000, 2));

testLong('10,000 mutated image files end with a document or an IMAGE_ error', async (t) => {
  t.timeout(30 * 60_000);
  await fuzzFiles(t, 10_000, 3);
});

testLong('100,000 mutated documents and baseline files are read or refused', (t) =>
  fuzzBytes(t, 100_000, 4),
);

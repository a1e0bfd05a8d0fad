/** A document read, located, cut, shown and put back. */
import { spawnSync } from 'node:child_process';
import test from 'ava';
import { sharp } from '../../../../base/sharp.ts';
import { parseDocument } from '../../../../tokenizer/codecs/jpeg/document.ts';
import { encodeRaster } from '../../../../tokenizer/codecs/jpeg/encode.ts';
import { HEADER_LENGTH } from '../../../../tokenizer/codecs/jpeg/header.ts';
import {
  cutAfterMcus,
  cutAfterRestart7,
  cutAfterShare,
  filledWithGrey,
} from '../../../../tokenizer/codecs/jpeg/prompt.ts';
import { addRestartMarkers } from '../../../../tokenizer/codecs/jpeg/restarts.ts';
import { fromJpegFile, toJpegFile } from '../../../../tokenizer/codecs/jpeg/view.ts';
import { openRaster } from '../../../helpers/images.ts';
import { makeRaster } from '../../../helpers/rasters.ts';
import { testWith } from '../../../helpers/tools.ts';

const raster = makeRaster('texture', 100, 75, 9);
const bytes = await encodeRaster(raster.pixels, 100, 75);
const document = parseDocument(bytes);

test('size and MCUs are found', (t) => {
  const { width, height, mcuColumns, mcuRows, mcuCount, mcuOffsets } = document;
  t.deepEqual(
    { width, height, mcuColumns, mcuRows },
    { width: 100, height: 75, mcuColumns: 7, mcuRows: 5 },
  );
  t.is(mcuCount, 35);
  t.is(mcuOffsets[0], 59);
  for (let mcu = 1; mcu < mcuCount; mcu++) {
    t.is(bytes[mcuOffsets[mcu] - 2], 0xff);
    t.is(bytes[mcuOffsets[mcu] - 1], 0xd0 + ((mcu - 1) % 8));
  }
});

test('cuts after a share of the MCUs', (t) => {
  t.is(cutAfterShare(document, 0), 59);
  t.is(cutAfterShare(document, 0.5), document.mcuOffsets[17]);
  t.is(cutAfterShare(document, 1), bytes.length);
  t.is(cutAfterMcus(document, 34), document.mcuOffsets[34]);
  for (const share of [-0.1, 1.1, Number.NaN]) {
    t.throws(() => cutAfterShare(document, share), { code: 'USAGE' });
  }
  t.throws(() => cutAfterMcus(document, 36), { code: 'USAGE', message: /36 MCUs .* 35/ });
});

test('cuts after the n-th FF D7, as the released code of the paper', (t) => {
  t.is(cutAfterRestart7(bytes, 1), document.mcuOffsets[8]);
  t.is(cutAfterRestart7(bytes, 4), document.mcuOffsets[32]);
  t.throws(() => cutAfterRestart7(bytes, 5), { code: 'USAGE', message: /has 4/ });
});

test('what is missing of a picture is grey', async (t) => {
  for (const [end, whole] of [
    [HEADER_LENGTH, 0],
    [document.mcuOffsets[14], 14],
    [document.mcuOffsets[15] - 3, 14],
    [bytes.length - 1, 34],
  ]) {
    const filled = filledWithGrey(bytes.subarray(0, end));
    const { mcuOffsets } = parseDocument(filled);
    t.true(same(filled.subarray(0, mcuOffsets[whole]), bytes.subarray(0, mcuOffsets[whole])));
    const last = { left: 98, top: 66, width: 2, height: 9 };
    const { channels } = await sharp(
      await sharp(toJpegFile(filled, 25)).extract(last).png().toBuffer(),
    ).stats();
    for (const { min, max } of channels) t.true(min >= 127 && max <= 129);
  }
  t.is(filledWithGrey(bytes), bytes);
});

const same = (a: Uint8Array, b: Uint8Array) => Buffer.compare(a, b) === 0;

test('damage is named with its byte', (t) => {
  const broken = (change: (copy: Uint8Array) => Uint8Array | undefined) => {
    const copy = bytes.slice();
    return change(copy) ?? copy;
  };
  const second = document.mcuOffsets[1];
  const cases: [Uint8Array, RegExp][] = [
    [new Uint8Array(0), /ends inside its header at byte 0/],
    [bytes.subarray(0, 40), /ends inside its header at byte 40/],
    [broken((b) => void (b[24] = 12)), /header byte is 0C, expected 08 at byte 24/],
    [broken((b) => void b.fill(0, 25, 27)), /height is 0 at byte 25/],
    [broken((b) => void b.fill(0xff, 25, 29)), /height is 65535/],
    [broken((b) => void (b[25] = 0x40)), /too short for \d+ MCUs/],
    [
      broken((b) => void (b[second - 1] = 0xd3)),
      new RegExp(`marker FFD3, expected FFD0 .* at byte ${second - 2}`),
    ],
    [broken((b) => void (b[second - 1] = 0x00)), /MCU 0/],
    [bytes.subarray(0, bytes.length - 1), /ends inside MCU 34/],
    [bytes.subarray(0, second + 3), /too short/],
    [Buffer.concat([bytes, Buffer.of(0)]), new RegExp(`1 bytes after EOI at byte ${bytes.length}`)],
  ];
  for (const [input, message] of cases) {
    t.throws(() => parseDocument(input), { code: 'JPEG_INVALID', message });
  }
});

test('an MCU that never ends is refused without reading on', (t) => {
  const header = bytes.slice(0, 59);
  header.set([0, 16, 0, 16], 25);
  const endless = Buffer.concat([header, Buffer.alloc(100_000, 0x55), Buffer.of(0xff, 0xd9)]);
  t.throws(() => parseDocument(endless), {
    code: 'JPEG_INVALID',
    message: /does not end|after the last block|dead/,
  });
});

test('a viewable file holds the same picture as the baseline file, and comes back', async (t) => {
  for (const quality of [1, 25, 80, 100]) {
    const baseline = await openRaster(raster)
      .jpeg({ quality, chromaSubsampling: '4:2:0', optimiseCoding: false })
      .toBuffer();
    const file = toJpegFile(addRestartMarkers(baseline, quality), quality);
    t.true(same(await sharp(file).raw().toBuffer(), await sharp(baseline).raw().toBuffer()));
    const back = fromJpegFile(file);
    t.is(back.quality, quality);
    t.true(same(back.bytes, addRestartMarkers(baseline)));
  }
  t.throws(() => fromJpegFile(bytes), { code: 'JPEG_INVALID' });
  t.throws(() => toJpegFile(bytes.subarray(1), 25), { code: 'JPEG_INVALID' });
});

test('the rewrite refuses what it was not made for', async (t) => {
  const encode = (options: object) =>
    openRaster(raster)
      .jpeg({ quality: 25, chromaSubsampling: '4:2:0', optimiseCoding: false, ...options })
      .toBuffer();
  const good = await encode({});
  const cases: [Uint8Array, RegExp, number?][] = [
    [await encode({ progressive: true }), /marker FFC2/],
    [await encode({ optimiseCoding: true }), /not the standard one|missing|scan/],
    [await encode({ chromaSubsampling: '4:4:4' }), /other than 8-bit 4:2:0/],
    [good, /not those of quality 30/, 30],
    [good.subarray(0, good.length - 2), /no EOI/],
    [good.subarray(0, 100), /ends inside its header|no sane length/],
    [new Uint8Array(0), /no SOI/],
    [toJpegFile(bytes, 25), /restart interval/],
  ];
  for (const [input, message, quality] of cases) {
    t.throws(() => addRestartMarkers(input, quality), { code: 'JPEG_INVALID', message });
  }
});

testWith('djpeg', 'djpeg -strict decodes a viewable file without a warning', (t) => {
  const { status, stderr } = spawnSync('djpeg', ['-strict'], { input: toJpegFile(bytes, 25) });
  t.is(stderr.toString(), '');
  t.is(status, 0);
});

testWith('jpegtran', 'jpegtran -restart 1B writes the same bytes again', (t) => {
  const file = toJpegFile(bytes, 25);
  const { stdout, stderr } = spawnSync('jpegtran', ['-restart', '1B'], { input: file });
  t.is(stderr.toString(), '');
  t.true(stdout.includes(Buffer.from(bytes.subarray(2))) || same(strip(stdout), bytes));
});

/** A file without its DQT and DHT segments. */
function strip(file: Uint8Array): Uint8Array {
  const kept: Uint8Array[] = [file.subarray(0, 2)];
  let offset = 2;
  while (file[offset + 1] !== 0xda) {
    const end = offset + 2 + ((file[offset + 2] << 8) | file[offset + 3]);
    if (file[offset + 1] !== 0xdb && file[offset + 1] !== 0xc4)
      kept.push(file.subarray(offset, end));
    offset = end;
  }
  return Buffer.concat([...kept, file.subarray(offset)]);
}

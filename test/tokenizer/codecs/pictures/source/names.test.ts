/** Messages about files that cannot be read name the file's format, what is lacking, and no other file's cause. */
import { gzipSync } from 'node:zlib';
import test from 'ava';
import { createJpegCodec } from '../../../../../tokenizer/codecs/jpeg/encode.ts';
import { needsLibheif } from '../../../../../tokenizer/codecs/pictures/source/heic.ts';
import { golden, goldenFile } from '../../../../helpers/image-golden.ts';
import { openRaster } from '../../../../helpers/images.ts';
import { makeRaster } from '../../../../helpers/rasters.ts';

async function failure(source: Uint8Array, name = 'file.jpg', settings = {}) {
  try {
    await createJpegCodec({ width: 32, height: 32, ...settings }).encode(source, name);
    return { code: 'none', message: '' };
  } catch (error) {
    return error as { code: string; message: string };
  }
}

for (const [name, reason] of Object.entries(golden.refused)) {
  const source = goldenFile(name);
  const isRead = needsLibheif(source);
  (isRead ? test.skip : test)(
    `${name} is refused, and told why${isRead ? ' (skipped: libheif-js is installed)' : ''}`,
    async (t) => {
      const { code, message } = await failure(source, name);
      t.is(code, 'IMAGE_UNSUPPORTED');
      t.true(message.startsWith(`${name} `));
      t.true(message.includes(reason), message);
      t.false(message.endsWith('…'), message);
    },
  );
}

const page = (head: string) =>
  Buffer.from(`${head}<body><h1>Not found</h1><svg width="9" height="9"></svg></body></html>`);

test('a page with a drawing in it is a page, whatever its beginning', async (t) => {
  for (const head of [
    '<!doctype html><html>',
    '\ufeff<!DOCTYPE HTML PUBLIC "-//W3C//DTD HTML 4.01//EN">\n<html>',
    '<html><head><title>404</title></head>',
    '<!-- cached --> \n<HTML>',
    '<?xml version="1.0"?><!DOCTYPE html PUBLIC "a" "b"><html xmlns="http://www.w3.org/1999/xhtml">',
    '  <div>',
  ]) {
    for (const svg of ['refuse', 'render']) {
      const { code, message } = await failure(page(head), 'photo.jpg', { svg });
      t.is(code, 'IMAGE_UNSUPPORTED', head);
      t.true(message.startsWith('photo.jpg is an HTML page'), `${head}: ${message}`);
      t.false(message.includes('SVG'), message);
    }
  }
  const plain = await failure(Buffer.from('<html><body>404</body></html>'));
  t.true(plain.message.startsWith('file.jpg is an HTML page'), plain.message);
});

test('a drawing is a drawing', async (t) => {
  for (const text of [
    '<svg xmlns="http://www.w3.org/2000/svg"/>',
    '<?xml version="1.0"?>\n<!-- made by hand --><svg:svg xmlns:svg="http://www.w3.org/2000/svg"/>',
    '<!DOCTYPE svg [ <!ENTITY ns "http://www.w3.org/2000/svg"> ]><svg/>',
  ]) {
    for (const source of [Buffer.from(text), Buffer.from(text, 'utf16le'), gzipSync(text)]) {
      const { code, message } = await failure(source);
      t.is(code, 'IMAGE_UNSUPPORTED');
      t.regex(message, /^file\.jpg is a drawing \(SVG\)/);
    }
  }
});

test('compressed files and other things are called what they are', async (t) => {
  const tar = Buffer.alloc(1024);
  tar.write('ustar', 257);
  for (const [source, name] of [
    [gzipSync(tar), 'a compressed archive (tar.gz)'],
    [gzipSync('hello'), 'a gzip-compressed file'],
    [Buffer.from([0x1f, 0x8b, 8, 0]), 'a gzip-compressed file'],
    [tar, 'a tar archive'],
    [Buffer.from('%PDF-1.4\n'), 'a PDF'],
    [Buffer.from('\0\0\0\x18ftypisom\0\0\0\0isommp41', 'latin1'), 'a video (MP4, MOV)'],
  ] as const) {
    const { code, message } = await failure(source);
    t.is(code, 'IMAGE_UNSUPPORTED');
    t.true(message.includes(`is ${name}`), message);
  }
});

test('of files that fail at the same moment each has its own cause', async (t) => {
  const image = () => openRaster(makeRaster('texture', 200, 150, 4));
  const jpeg = await image().jpeg().toBuffer();
  const avif = await image().avif({ effort: 0 }).toBuffer();
  const png = await image().png({ compressionLevel: 0 }).toBuffer();
  png[png.lastIndexOf('IEND') - 8] ^= 255;
  const kinds = [
    { source: jpeg.subarray(0, -2), own: /premature end of JPEG image/ },
    { source: avif.subarray(0, Math.floor(avif.length * 0.8)), own: /heif: / },
    { source: png, own: /png/ },
    { source: goldenFile('zstd.tif'), own: /ZSTD/ },
    { source: jpeg, own: undefined },
  ];
  const all = Array.from({ length: 30 }, (_, i) => kinds[i % kinds.length]);
  const failures = await Promise.all(all.map(({ source }, i) => failure(source, `${i}.jpg`)));
  for (const [i, { message }] of failures.entries()) {
    const { own } = all[i];
    if (own === undefined) {
      t.is(message, '');
      continue;
    }
    t.true(message.startsWith(`${i}.jpg `));
    t.regex(message, own);
    const others = kinds.filter((kind) => kind.own !== undefined && kind.own !== own);
    for (const other of others) t.notRegex(message, other.own as RegExp);
  }
});

/** Maps of syntax: every bit of a document has one kind, and its place is that of its part. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { CodecLmError } from '../../../base/error.ts';
import { avc } from '../../../tokenizer/codecs/avc/index.ts';
import { splitNalUnits } from '../../../tokenizer/codecs/avc/nal.ts';
import { syntaxOfAvc } from '../../../tokenizer/codecs/avc/syntax-map.ts';
import { encodeRaster } from '../../../tokenizer/codecs/jpeg/encode.ts';
import { partsOfJpeg, syntaxOfJpeg } from '../../../tokenizer/codecs/jpeg/parts.ts';
import { mapOfBlocks, type SyntaxMap } from '../../../tokenizer/codecs/syntax-map.ts';
import { makeRaster, RASTER_KINDS, type RasterKind } from '../../helpers/rasters.ts';

const GOLDEN = join(import.meta.dirname, '../../golden/avc');

function rowOf({ kinds, shares }: SyntaxMap, symbol: number): Record<string, number> {
  const row = shares.subarray(symbol * kinds.length, (symbol + 1) * kinds.length);
  return Object.fromEntries(kinds.map((kind, i) => [kind, row[i]]).filter(([, share]) => share));
}

function totals(map: SyntaxMap): Record<string, number> {
  const sums = Object.fromEntries(map.kinds.map((kind) => [kind, 0]));
  for (const [i, share] of map.shares.entries()) sums[map.kinds[i % map.kinds.length]] += share;
  return sums;
}

function eachRowIsWhole(t: ExecutionContext, map: SyntaxMap, symbols: number): void {
  const { kinds, shares, places, columns, rows } = map;
  t.is(shares.length, symbols * kinds.length);
  t.is(places.length, symbols);
  for (let i = 0; i < symbols; i++) {
    const sum = shares.subarray(i * kinds.length, (i + 1) * kinds.length).reduce((a, b) => a + b);
    if (Math.abs(sum - 1) > 1e-6) t.fail(`symbol ${i} adds up to ${sum}`);
    if (places[i] >= columns * rows) t.fail(`symbol ${i} is at ${places[i]}`);
  }
}

test('a grey picture: 12 bits of DC and 20 of AC in each MCU but the first', async (t) => {
  const pixels = new Uint8Array(32 * 16 * 3).fill(128);
  const bytes = await encodeRaster(pixels, 32, 16, 25);
  const map = syntaxOfJpeg(bytes);
  eachRowIsWhole(t, map, bytes.length);
  t.deepEqual([map.columns, map.rows], [2, 1]);
  // Six empty blocks: 4 x (2 + 4) + 2 x (2 + 2) bits, which fill four bytes.
  const found = totals(map);
  t.deepEqual(found, { header: 59, DC: 3, AC: 5, padding: 0, marker: 4 });
  // 00 1010 00 | 1010 00 10 …: the first byte has two DC codes and an end of block between them.
  t.deepEqual(rowOf(map, 59), { DC: 0.5, AC: 0.5 });
});

test('pictures of all kinds: markers and places are those of the parts', async (t) => {
  for (const kind of Object.keys(RASTER_KINDS) as RasterKind[]) {
    const bytes = await encodeRaster(makeRaster(kind, 40, 24, 5).pixels, 40, 24, 25);
    const map = syntaxOfJpeg(bytes);
    eachRowIsWhole(t, map, bytes.length);
    let from = 0;
    let mcu = -1;
    for (const { name, end } of partsOfJpeg(bytes)) {
      const isMarker = /^(RST|EOI)/.test(name);
      if (name.startsWith('MCU')) mcu++;
      for (let i = from; i < end; i++) {
        const row = rowOf(map, i);
        if (isMarker) t.deepEqual(row, { marker: 1 });
        else if (mcu < 0) t.deepEqual(row, { header: 1 });
        else t.false('marker' in row || 'header' in row);
        t.is(map.places[i], mcu);
        if (mcu >= 0 && !isMarker && bytes[i] === 0 && bytes[i - 1] === 0xff) {
          t.deepEqual(row, { padding: 1 });
        }
      }
      from = end;
    }
  }
});

test('clips: units, macroblocks and kinds', async (t) => {
  for (const name of await readdir(GOLDEN)) {
    const bytes = new Uint8Array(await readFile(join(GOLDEN, name)));
    const map = syntaxOfAvc(bytes);
    eachRowIsWhole(t, map, bytes.length);
    let slices = 0;
    for (const { type, start, payloadStart, end } of splitNalUnits(bytes)) {
      const isSlice = type === 1 || type === 5;
      const place = isSlice ? slices++ % (map.columns * map.rows) : -1;
      t.true(map.places.subarray(start, end).every((found) => found === place));
      for (let i = start; i <= payloadStart; i++) t.deepEqual(rowOf(map, i), { 'start code': 1 });
      const kinds = new Set<string>();
      for (let i = payloadStart + 1; i < end; i++) {
        for (const kind of Object.keys(rowOf(map, i))) kinds.add(kind);
      }
      kinds.delete('start code');
      if (!isSlice) t.true([...kinds].every((kind) => /parameters|trailing bits/.test(kind)));
      else
        t.true(kinds.has('slice header') && kinds.has('trailing bits') && kinds.has('macroblock'));
      // Nothing moves in a picture that has no other before it.
      if (type === 5) t.false(kinds.has('motion'), name);
    }
    t.true(totals(map).residual > 0);
  }
  const moving = syntaxOfAvc(new Uint8Array(await readFile(join(GOLDEN, 'paper-64x48.h264'))));
  t.true(totals(moving).motion > 0);
});

test('what is no document is refused, and blocks in rows are their own places', (t) => {
  for (const map of [syntaxOfJpeg, syntaxOfAvc]) {
    t.throws(() => map(Uint8Array.of(1, 2, 3)), { instanceOf: CodecLmError });
  }
  const map = mapOfBlocks('pixel', 3, 2);
  eachRowIsWhole(t, map, 6);
  t.deepEqual([...map.places], [0, 1, 2, 3, 4, 5]);
});

test('codecs hand out their maps and frames', async (t) => {
  const bytes = new Uint8Array(await readFile(join(GOLDEN, 'paper-64x48.h264')));
  const codec = await avc.open({ width: 64, height: 48, frames: 2 });
  t.deepEqual(codec.syntax?.(bytes).kinds[0], 'start code');
  t.is(typeof codec.frames, 'function');
});

/** The grammar against documents of the encoder, against its own parts, and its messages. */
import test from 'ava';
import { CodecLmError } from '../../../../base/error.ts';
import { encodeRaster } from '../../../../tokenizer/codecs/jpeg/encode.ts';
import { createJpegGrammar } from '../../../../tokenizer/codecs/jpeg/grammar.ts';
import { HEADER_LENGTH, writeHeader } from '../../../../tokenizer/codecs/jpeg/header.ts';
import type { Grammar } from '../../../../tokenizer/mask/grammar.ts';
import { idsOfMask } from '../../../../tokenizer/mask/mask.ts';
import { validateDocument } from '../../../../tokenizer/mask/validate.ts';
import { photographCrops } from '../../../helpers/photographs.ts';
import {
  makeRaster,
  RASTER_KINDS,
  type RasterKind,
  randomNumbers,
} from '../../../helpers/rasters.ts';
import { accepts, pick, randomDocument, randomGrammarOptions } from '../../../helpers/streams.ts';

const KINDS = Object.keys(RASTER_KINDS) as RasterKind[];

test('every document of a photograph is accepted, with its DC values in range', async (t) => {
  const limited = createJpegGrammar({ width: 256, height: 256, quality: 25 });
  const crops = await photographCrops(256, 256);
  t.true(crops.length > 50);
  for (const { name, pixels } of crops) {
    const bytes = await encodeRaster(pixels, 256, 256, 25);
    t.notThrows(() => validateDocument(bytes, limited), name);
  }
});

test('every kind of picture is accepted at every quality and odd sizes', async (t) => {
  const random = randomNumbers(3);
  for (let quality = 1; quality <= 100; quality++) {
    const kind = KINDS[quality % KINDS.length];
    const { width, height, pixels } = makeRaster(kind, 1 + (random() % 70), 1 + (random() % 70));
    const bytes = await encodeRaster(pixels, width, height, quality);
    const grammar = createJpegGrammar({ width, height, quality });
    t.notThrows(() => validateDocument(bytes, grammar), `${kind} ${width}x${height} ${quality}`);
  }
});

test('black and white, the two ends of the DC range, are accepted at every quality', async (t) => {
  const side = 32;
  // White and black MCUs in turn, and within MCUs: the largest differences there are.
  for (const cell of [16, 8]) {
    const pixels = Uint8Array.from({ length: side * side * 3 }, (_, i) => {
      const x = Math.floor(i / 3) % side;
      const y = Math.floor(i / 3 / side);
      return ((Math.floor(x / cell) + Math.floor(y / cell)) & 1) * 255;
    });
    for (let quality = 1; quality <= 100; quality++) {
      const bytes = await encodeRaster(pixels, side, side, quality);
      const grammar = createJpegGrammar({ width: side, height: side, quality });
      t.true(accepts(grammar, bytes), `quality ${quality}, cells of ${cell}`);
    }
  }
});

test('there is no dead end, and symbolsToFinish is exactly the shortest way', (t) => {
  const random = randomNumbers(11);
  for (let i = 0; i < 15; i++) {
    // Low limits and forced values are where a half-written value may force a stuffed FF.
    const grammar = createJpegGrammar(randomGrammarOptions(random));
    let state = grammar.start();
    while (!grammar.isComplete(state)) {
      const allowed = idsOfMask(grammar.allowedSymbols(state));
      const after = allowed.map((byte) => grammar.symbolsToFinish(grammar.next(state, byte)!));
      const fewest = grammar.symbolsToFinish(state);
      // With this at every state it is the length of a shortest path, by induction.
      if (Math.min(...after) !== fewest - 1) t.fail(grammar.describe(state));
      if (Math.max(...after) > fewest + grammar.longestDetour(state, 1)) t.fail('a longer detour');
      state = grammar.next(state, pick(allowed, random))!;
    }
    t.is(grammar.symbolsToFinish(state), 0);
    t.deepEqual(idsOfMask(grammar.allowedSymbols(state)), []);
  }
});

test('the shortest document is as long as announced, and so is every cut one', (t) => {
  const grammar = createJpegGrammar({ width: 30, height: 17, quality: 25 });
  const random = randomNumbers(5);
  const document = randomDocument({ width: 30, height: 17, quality: 25 }, random);
  let state = grammar.start();
  for (const byte of document) {
    let rest = state;
    for (let left = grammar.symbolsToFinish(state); left > 0; left--) {
      const nearer = idsOfMask(grammar.allowedSymbols(rest)).find(
        (b) => grammar.symbolsToFinish(grammar.next(rest, b)!) === left - 1,
      );
      rest = grammar.next(rest, nearer!)!;
    }
    t.true(grammar.isComplete(rest));
    state = grammar.next(state, byte)!;
  }
  const mcus = 2 * 2;
  t.is(grammar.symbolsToFinish(grammar.start()), HEADER_LENGTH + mcus * 6);
});

/** Whether the grammar takes bytes from a state. */
function takes(grammar: Grammar, state: number, bytes: Uint8Array): boolean {
  let after: number | undefined = state;
  for (const byte of bytes) after = after === undefined ? after : grammar.next(after, byte);
  return after !== undefined;
}

/** The answers of the walk from one state about another state with the same key. */
function isFoundFor(grammar: Grammar, start: number, other: number, bytes: Uint8Array): boolean {
  const walk = grammar.unknowns!.walk(start);
  if (!bytes.every((byte, i) => walk.step(i + 1, byte))) return false;
  return walk.condition(bytes.length)?.holds(grammar.unknowns!.numbersOf(other)) ?? true;
}

for (const options of [
  { width: 300, height: 40, quality: 25 },
  { width: 40, height: 200, quality: 60 },
  { width: 24, height: 24, quality: 40 },
  { width: 64, height: 64 },
]) {
  const { width, height } = options;
  test(`states of one context key allow the same bytes on the same conditions (${width}x${height})`, (t) => {
    const random = randomNumbers(21);
    const grammar = createJpegGrammar(options);
    const reach = 14;
    const known = new Map<number, { states: number[]; probes: Uint8Array[] }>();
    let [conditional, refused] = [0, 0];
    for (let bytes = 0; bytes < 20_000; ) {
      const document = randomDocument(options, random);
      bytes += document.length;
      let state = grammar.start();
      document.forEach((byte, at) => {
        const key = grammar.contextKey(state, reach);
        const of = known.get(key) ?? { states: [], probes: [] };
        known.set(key, of);
        const probe = document.slice(at, at + 1 + (random() % reach));
        if (random() & 1) probe[random() % probe.length] = random() & 255;
        if (of.probes.push(probe) > 8) of.probes.shift();
        if (of.states.push(state) > 8) of.states.shift();
        state = grammar.next(state, byte)!;
      });
    }
    for (const { states, probes } of known.values()) {
      for (const state of states) {
        for (const probe of probes) {
          const expected = takes(grammar, state, probe);
          if (isFoundFor(grammar, states[0], state, probe) !== expected) {
            t.fail(`${grammar.describe(state)}: ${Buffer.from(probe).toString('hex')}`);
          }
          if (expected !== takes(grammar, states[0], probe)) conditional++;
          if (!expected) refused++;
        }
      }
    }
    t.true(refused > 100 && conditional > 10, `${refused} refused, ${conditional} differ`);
  });
}

test('restart markers are FF D0 to FF D7 in turn, and the last MCU has EOI', (t) => {
  const options = { width: 16 * 19, height: 16, quality: 25 };
  const document = randomDocument(options, randomNumbers(8));
  const markers: number[] = [];
  for (let i = HEADER_LENGTH; i < document.length; i++) {
    if (document[i - 1] === 0xff && document[i] !== 0) markers.push(document[i]);
  }
  t.deepEqual(markers, [...Array.from({ length: 18 }, (_, n) => 0xd0 + (n & 7)), 0xd9]);
});

test('the limit keeps every DC value in range, and without it they leave it', (t) => {
  const outOfRange = (limitDc: boolean) => {
    const random = randomNumbers(2);
    const options = { width: 64, height: 64, quality: 25, limitDc };
    const limited = createJpegGrammar({ ...options, limitDc: true });
    const documents = Array.from({ length: 20 }, () => randomDocument(options, random));
    return documents.filter((document) => !accepts(limited, document)).length;
  };
  t.is(outOfRange(true), 0);
  t.true(outOfRange(false) > 15);
});

const grammar40x20 = createJpegGrammar({ width: 40, height: 20, quality: 25 });
/** A picture of 3 x 2 MCUs. */
const document40x20 = randomDocument({ width: 40, height: 20, quality: 25 }, randomNumbers(4));
const { length } = document40x20;

/** The error message for a document. */
function complaint(bytes: Uint8Array): string {
  try {
    validateDocument(bytes, grammar40x20);
  } catch (error) {
    if (error instanceof CodecLmError && error.code === 'JPEG_INVALID') return error.message;
    throw error;
  }
  return 'none';
}

/** The header, then these bits, as many whole bytes as they are. */
function withBits(...bits: string[]): Uint8Array {
  const bytes = bits.join('').replaceAll(' ', '').match(/.{8}/g)!;
  return Uint8Array.of(...writeHeader(40, 20), ...bytes.map((byte) => Number.parseInt(byte, 2)));
}
const EMPTY_Y = '00 1010';
const EMPTY_MCU = `${EMPTY_Y.repeat(4)} 00 00 00 00`;
const RST = ['11111111 11010000', '11111111 11010001'];

const MCU_0 = 'MCU 0 of 6 (column 0, row 0)';
const DAMAGES: readonly (readonly [title: string, bytes: Uint8Array, message: string])[] = [
  [
    'another width',
    document40x20.with(28, 41),
    'byte 28 is 29: byte 28 of the header: expected 28',
  ],
  [
    'a wrong restart marker',
    withBits(EMPTY_MCU, RST[1]),
    `byte 64 is D1: second byte of the marker after ${MCU_0}: expected D0`,
  ],
  [
    'a byte more in an MCU',
    withBits(EMPTY_MCU, '11111110'),
    `byte 63 is FE: end of ${MCU_0}: expected FF`,
  ],
  [
    'an end that is cut off',
    document40x20.subarray(0, -1),
    `it ends after ${length - 1} bytes, at least 1 too early: second byte of the marker after MCU 5 of 6 (column 2, row 1)`,
  ],
  [
    'a byte after the end',
    Uint8Array.of(...document40x20, 0),
    `byte ${length} is 00: it follows the end of the image`,
  ],
  [
    'a DC difference out of range',
    withBits('1111 1110'),
    `byte 59 is FE: ${MCU_0}, block 0 (Y), coefficient 0: the DC value is out of the range`,
  ],
  [
    'a code of all ones',
    withBits('00 111111', '11111111', '00000000', '11 000000'),
    `byte 62 is C0: ${MCU_0}, block 0 (Y), coefficient 1: no Huffman code begins so`,
  ],
  [
    'an end of block after 16 zeros',
    withBits('00 11111111001 1010 0000000'),
    'block 0 (Y), coefficient 17: an end of block right after a run of 16 zeros',
  ],
  [
    'four runs of 16 zeros',
    withBits('00 11111111001 11111111001 11111111', '00000000', '001 11111111001 00'),
    'block 0 (Y), coefficient 49: the run of zeros goes past coefficient 63',
  ],
  [
    'padding with a 0',
    withBits(EMPTY_Y.repeat(4), '00 00', '01 1 00', '1101111'),
    `end of ${MCU_0}: the last byte of the MCU is not padded with 1-bits`,
  ],
  [
    'content in a block outside of the image',
    withBits(EMPTY_MCU, RST[0], EMPTY_MCU, RST[1], EMPTY_Y, '01'),
    'MCU 2 of 6 (column 2, row 0), block 1 (Y), coefficient 0: a block outside of the image is not empty',
  ],
  [
    'an FF without its 00',
    withBits('00 111111', '11111111', '00000001'),
    `byte 61 is 01: ${MCU_0}, block 0 (Y), coefficient 1: an FF of the coded data is not followed by 00`,
  ],
];

for (const [title, bytes, message] of DAMAGES) {
  test(`what is wrong, and where: ${title}`, (t) => {
    t.true(complaint(bytes).includes(message), complaint(bytes));
  });
}

test('options that no JPEG has are refused', (t) => {
  const code = { instanceOf: CodecLmError, code: 'CONFIG_INVALID' };
  t.throws(() => createJpegGrammar({ width: 0, height: 8 }), { ...code, message: /width.*not 0/ });
  t.throws(() => createJpegGrammar({ width: 8, height: 1.5 }), {
    ...code,
    message: /height.*1\.5/,
  });
  t.throws(() => createJpegGrammar({ width: 8, height: 8, quality: 101 }), code);
  t.throws(() => createJpegGrammar({ width: 8, height: 8, limitDc: true }), code);
  t.is(createJpegGrammar({ width: 65_500, height: 65_500 }).symbolsToFinish(0) > 1e8, true);
});

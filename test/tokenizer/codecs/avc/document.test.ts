import test from 'ava';
import { parseAvcDocument } from '../../../../tokenizer/codecs/avc/document.ts';
import { createAvcGrammar } from '../../../../tokenizer/codecs/avc/grammar.ts';
import { splitNalUnits } from '../../../../tokenizer/codecs/avc/nal.ts';
import { cutAfterFrames } from '../../../../tokenizer/codecs/avc/prompt.ts';
import { validateDocument } from '../../../../tokenizer/mask/validate.ts';
import { GOLDEN } from './golden.ts';

for (const golden of GOLDEN) {
  test(`${golden.name}: every slice is read to its stop bit`, (t) => {
    const { bytes, width, height, hasSei } = golden;
    const document = parseAvcDocument(bytes);
    const { frames, macroblocksPerFrame } = document;
    t.like(document, { width, height, hasSei });
    t.is(macroblocksPerFrame, Math.ceil(width / 16) * Math.ceil(height / 16));
    t.is(frames.length, golden.frames);
    t.deepEqual(
      [...frames.keys()].filter((i) => frames[i].isIdr),
      golden.idr,
    );
    t.is(frames[0].offset, 0);
    t.is(frames.at(-1)!.end, bytes.length);
    for (const [i, frame] of frames.slice(1).entries()) t.is(frame.offset, frames[i].end);
  });

  test(`${golden.name}: a prompt is whole frames`, (t) => {
    for (let frames = 1; frames <= golden.frames; frames++) {
      const prompt = cutAfterFrames(golden.bytes, frames);
      t.deepEqual(prompt, golden.bytes.subarray(0, prompt.length));
      t.is(parseAvcDocument(prompt).frames.length, frames);
    }
    t.is(cutAfterFrames(golden.bytes, 0).length, 0);
  });

  test(`${golden.name}: the grammar accepts it, no more and no less`, (t) => {
    const { bytes, width, height, frames } = golden;
    const grammar = createAvcGrammar({ width, height, frames });
    validateDocument(bytes, grammar);
    const longer = createAvcGrammar({ width, height, frames: frames + 1 });
    const shorter = createAvcGrammar({ width, height, frames: frames - 1 });
    const wider = createAvcGrammar({ width: width + 2, height, frames });
    t.throws(() => validateDocument(bytes, longer), { code: 'AVC_INVALID', message: /ends after/ });
    t.throws(() => validateDocument(bytes, shorter), { code: 'AVC_INVALID' });
    t.throws(() => validateDocument(bytes, wider), {
      message: /sequence parameter set, (pic_width|frame_crop)/,
    });
  });
}

test('a document that ends early is refused where it is no whole frame', (t) => {
  const { bytes } = GOLDEN[0];
  const ends = new Set(parseAvcDocument(bytes).frames.map((frame) => frame.end));
  for (let length = 0; length < bytes.length; length += 3) {
    if (ends.has(length)) continue;
    t.throws(() => parseAvcDocument(bytes.subarray(0, length)), { code: 'AVC_INVALID' });
  }
});

test('an error names frame, macroblock, syntax element and byte', (t) => {
  const { bytes } = GOLDEN[0];
  const slices = splitNalUnits(bytes).filter((unit) => unit.type === 1);
  // The second slice of frame 1 once more in the place of the third.
  const [, second, third] = slices;
  const repeated = Uint8Array.from([
    ...bytes.subarray(0, third.start),
    ...bytes.subarray(second.start, second.end),
    ...bytes.subarray(third.end),
  ]);
  const at = third.payloadStart + 1;
  const found = [...bytes.subarray(second.payloadStart + 1).subarray(0, 2)]
    .map((byte) => byte.toString(2).padStart(8, '0'))
    .join('');
  t.throws(() => parseAvcDocument(repeated), {
    code: 'AVC_INVALID',
    message: `not a canonical AVC document: byte ${at}: frame 1, macroblock 2, first_mb_in_slice: expected 2 as ue(v), found ${found}`,
  });
});

test('what is no document is refused', (t) => {
  const { bytes } = GOLDEN[0];
  const cases: [string, Uint8Array][] = [
    ['nothing', new Uint8Array()],
    ['zeros', new Uint8Array(100)],
    ['bytes before the first start code', Uint8Array.from([1, ...bytes])],
    ['a zero byte at the end', Uint8Array.from([...bytes, 0])],
    ['a start code at the end', Uint8Array.from([...bytes, 0, 0, 1])],
    ['the document twice, with one IDR number', Uint8Array.from([...bytes, ...bytes])],
  ];
  for (const [name, wrong] of cases.slice(0, -1)) {
    t.throws(() => parseAvcDocument(wrong), { code: 'AVC_INVALID' }, name);
  }
  // The clip again after itself is a longer clip: its IDR pictures are not next to each other.
  t.is(parseAvcDocument(cases.at(-1)![1]).frames.length, 2 * GOLDEN[0].frames);
});

test('a prompt of more frames than there are is wrong use', (t) => {
  for (const frames of [-1, 1.5, 7]) {
    t.throws(() => cutAfterFrames(GOLDEN[0].bytes, frames), {
      code: 'USAGE',
      message: `cannot keep ${frames} frames of a clip of 6`,
    });
  }
});

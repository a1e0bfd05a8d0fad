import test, { type ExecutionContext } from 'ava';
import { CodecLmError } from '../../../../base/error.ts';
import { type AvcDocument, parseAvcDocument } from '../../../../tokenizer/codecs/avc/document.ts';
import { ByteWalk } from '../../../../tokenizer/codecs/avc/grammar/bytes.ts';
import { createAvcGrammar } from '../../../../tokenizer/codecs/avc/grammar.ts';
import { splitNalUnits } from '../../../../tokenizer/codecs/avc/nal.ts';
import { validateDocument } from '../../../../tokenizer/mask/validate.ts';
import { randomNumbers } from '../../../helpers/rasters.ts';
import { hasTool, testLong, testWith } from '../../../helpers/tools.ts';
import { decode } from './decode.ts';
import { GOLDEN, type Golden } from './golden.ts';
import { type RandomNumbers, randomDocument, randomTarget } from './walks.ts';

/** Damage of every kind: bits and bytes changed, cut out, put in, NAL units lost, repeated and swapped. */
function damage(document: Uint8Array, random: RandomNumbers): Uint8Array {
  let bytes = Array.from(document);
  const unit = () => {
    const units = splitNalUnits(Uint8Array.from(bytes));
    return units[random() % units.length] ?? { start: 0, end: bytes.length };
  };
  for (let times = 1 + (random() % 2); times > 0 && bytes.length > 0; times--) {
    const at = random() % bytes.length;
    const length = 1 + (random() % 6);
    switch (random() % 9) {
      case 0:
        bytes.splice(at, 1, random() & 255);
        break;
      case 1:
        bytes.splice(at, length);
        break;
      case 2:
        bytes.splice(at, 0, ...Array.from({ length }, () => (random() & 3 ? random() & 255 : 0)));
        break;
      case 3: {
        const { start, end } = unit();
        bytes.splice(start, end - start);
        break;
      }
      case 4: {
        const { start, end } = unit();
        bytes.splice(unit().start, 0, ...bytes.slice(start, end));
        break;
      }
      case 5:
        bytes = bytes.slice(0, unit().end);
        break;
      default:
        // One bit: of signs, vectors and levels many leave a document.
        bytes[at] ^= 1 << (random() & 7);
    }
  }
  return Uint8Array.from(bytes);
}

/** The document, or undefined where the one typed error says that it is none. */
function parsed(bytes: Uint8Array): AvcDocument | undefined {
  try {
    return parseAvcDocument(bytes);
  } catch (error) {
    if (error instanceof CodecLmError && error.code === 'AVC_INVALID') return undefined;
    throw error;
  }
}

/** Whether the automaton goes through all bytes, in place: `validateDocument` keeps each state. */
function accepted(bytes: Uint8Array, { width, height, frames }: Golden): boolean {
  const walk = ByteWalk.start({ width, height, frames });
  return bytes.every((byte) => walk.step(byte)) && walk.isComplete;
}

/** @param most documents that ffmpeg is asked about */
async function fuzz(t: ExecutionContext, count: number, seed: number, most: number) {
  const random = randomNumbers(seed);
  const intact: { bytes: Uint8Array; frames: number }[] = [];
  for (let i = 0; i < count; i++) {
    const golden = GOLDEN[random() % GOLDEN.length];
    const bytes = damage(golden.bytes, random);
    const document = parsed(bytes);
    const isSame =
      document?.width === golden.width &&
      document.height === golden.height &&
      document.frames.length === golden.frames;
    if (accepted(bytes, golden) !== isSame) t.fail(`document ${i} of seed ${seed}, ${golden.name}`);
    if (document !== undefined) intact.push({ bytes, frames: document.frames.length });
  }
  t.log(`${intact.length} of ${count} damaged documents are still canonical`);
  t.true(intact.length > 0 && intact.length < count / 2);
  if (!hasTool('ffmpeg')) return;
  for (const { bytes, frames } of intact.slice(0, most)) {
    t.deepEqual(await decode(bytes), { frames, complaints: '' });
  }
}

test('300 damaged documents: the parser and the grammar agree, and ffmpeg decodes what they accept', async (t) =>
  fuzz(t, 300, 1, 12));
testLong('10,000 damaged documents: the same', async (t) => {
  t.timeout(3_600_000);
  await fuzz(t, 10_000, 2, 1000);
});

/** Documents drawn bit by bit decode to their frames without a word. */
async function drawn(t: ExecutionContext, count: number, seed: number) {
  const random = randomNumbers(seed);
  let slices = 0;
  for (let i = 0; i < count; i++) {
    const target = randomTarget(random);
    const bytes = randomDocument(target, random);
    const document = parseAvcDocument(bytes);
    validateDocument(bytes, createAvcGrammar(target));
    const { width, height, frames, macroblocksPerFrame } = document;
    t.deepEqual({ width, height, frames: frames.length }, target);
    const expected = { frames: target.frames, complaints: '' };
    t.deepEqual(await decode(bytes), expected, `document ${i} of seed ${seed}`);
    slices += frames.length * macroblocksPerFrame;
  }
  t.log(`${slices} slices`);
}

testWith('ffmpeg', 'documents of random bits decode without an error', async (t) =>
  drawn(t, 12, 3),
);
testLong('1,000 documents of random bits decode without an error', async (t) => {
  t.timeout(3_600_000);
  await drawn(t, 1000, 4);
});

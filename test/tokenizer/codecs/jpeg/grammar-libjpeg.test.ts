/** The grammar against libjpeg-turbo: what it allows decodes, and what it forbids is not canonical. */
import test, { type ExecutionContext } from 'ava';
import { CodecLmError } from '../../../../base/error.ts';
import { parseDocument } from '../../../../tokenizer/codecs/jpeg/document.ts';
import {
  createJpegGrammar,
  type JpegGrammarOptions,
} from '../../../../tokenizer/codecs/jpeg/grammar.ts';
import { HEADER_LENGTH } from '../../../../tokenizer/codecs/jpeg/header.ts';
import { createTokenMask } from '../../../../tokenizer/mask/mask.ts';
import { validateDocument } from '../../../../tokenizer/mask/validate.ts';
import { learnedTokenizer } from '../../../helpers/learned.ts';
import { judge } from '../../../helpers/libjpeg.ts';
import { randomNumbers } from '../../../helpers/rasters.ts';
import {
  accepts,
  type RandomNumbers,
  randomDocument,
  randomGrammarOptions,
  randomTokens,
} from '../../../helpers/streams.ts';
import { testLong, testWith } from '../../../helpers/tools.ts';

type Draw = (options: Required<JpegGrammarOptions>, random: RandomNumbers) => Uint8Array;

/** So many documents are judged in one call. */
const BATCH = 200;

function checkStreams(t: ExecutionContext, count: number, seed: number, draw: Draw): void {
  const random = randomNumbers(seed);
  let bytes = 0;
  for (let done = 0; done < count; done += BATCH) {
    const batch = Array.from({ length: Math.min(BATCH, count - done) }, () => {
      const options = randomGrammarOptions(random);
      return { options, quality: options.quality, document: draw(options, random) };
    });
    judge(batch).forEach(({ complaint, isReproduced }, i) => {
      const { options, document } = batch[i];
      const name = `stream ${done + i} of seed ${seed}: ${JSON.stringify(options)}`;
      if (complaint !== '') t.fail(`${name}: ${complaint}`);
      if (!isReproduced) t.fail(`${name}: jpegtran writes it otherwise`);
      bytes += document.length;
    });
  }
  t.log(`${count} streams of ${bytes} bytes together`);
  t.pass();
}

/** Draws tokens through their masks, as a sampler does; in one of two within a limit that is felt. */
async function drawTokens(): Promise<Draw> {
  const { bpe } = await learnedTokenizer();
  return (options, random) => {
    const mask = createTokenMask(createJpegGrammar(options), bpe);
    const spare = random() & 1 ? random() % 100 : Number.POSITIVE_INFINITY;
    return randomTokens(mask, bpe, random, mask.tokensToFinish(mask.start()) + spare).bytes;
  };
}

testWith('djpeg', 'random streams decode without a warning and are written back as they are', (t) =>
  checkStreams(t, 100, 1, randomDocument),
);
testLong('10,000 random streams decode without a warning and are written back as they are', (t) => {
  t.timeout(3_600_000);
  checkStreams(t, 10_000, 2, randomDocument);
});
testWith(
  'djpeg',
  'streams of random tokens decode without a warning and are written back',
  async (t) => checkStreams(t, 60, 9, await drawTokens()),
);
testLong(
  '10,000 streams of random tokens decode without a warning and are written back',
  async (t) => {
    t.timeout(3_600_000);
    checkStreams(t, 10_000, 10, await drawTokens());
  },
);

/** One byte of the coded part set to another value: a bit flipped, or anything. */
function mutate(document: Uint8Array, random: RandomNumbers): Uint8Array {
  const offset = HEADER_LENGTH + (random() % (document.length - HEADER_LENGTH));
  const change = random() & 1 ? 1 << (random() & 7) : 1 + (random() % 255);
  return document.with(offset, document[offset] ^ change);
}

function checkMutations(t: ExecutionContext, count: number, seed: number): void {
  const random = randomNumbers(seed);
  let canonical = 0;
  for (let done = 0; done < count; done += BATCH) {
    const batch = Array.from({ length: Math.min(BATCH, count - done) }, () => {
      const { width, height, quality } = randomGrammarOptions(random);
      const document = mutate(randomDocument({ width, height }, random), random);
      const accepted = accepts(createJpegGrammar({ width, height }), document);
      return { document, quality, accepted };
    });
    judge(batch).forEach(({ isReproduced }, i) => {
      if (isReproduced) canonical++;
      if (batch[i].accepted === isReproduced) return;
      const found = `accepted ${batch[i].accepted}, canonical ${isReproduced}`;
      t.fail(`mutation ${done + i} of seed ${seed}: ${found}`);
    });
  }
  t.log(`${canonical} of ${count} mutations are canonical`);
  t.true(canonical > count / 50 && canonical < count / 2);
}

testWith('jpegtran', 'single-byte mutations are accepted if and only if they are canonical', (t) =>
  checkMutations(t, 300, 3),
);
testLong('10,000 single-byte mutations are accepted if and only if they are canonical', (t) => {
  t.timeout(3_600_000);
  checkMutations(t, 10_000, 4);
});

test('no mutation of the header is accepted', (t) => {
  const document = randomDocument({ width: 20, height: 20 }, randomNumbers(6));
  const grammar = createJpegGrammar({ width: 20, height: 20 });
  for (let offset = 0; offset < HEADER_LENGTH; offset++) {
    for (let change = 1; change < 256; change++) {
      const mutated = document.with(offset, document[offset] ^ change);
      if (accepts(grammar, mutated)) t.fail(`byte ${offset} as ${mutated[offset]}`);
    }
  }
  t.true(accepts(grammar, document));
});

/** Damage of every kind: bytes changed, cut out, put in, repeated, the end cut off. */
function damage(document: Uint8Array, random: RandomNumbers): Uint8Array {
  let bytes = Array.from(document);
  for (let times = 1 + (random() % 3); times > 0; times--) {
    const at = random() % bytes.length;
    const length = 1 + (random() % 8);
    const noise = Array.from({ length }, () => (random() & 3 ? random() & 255 : 0xff));
    switch (random() % 5) {
      case 0:
        bytes.splice(at, 1, random() & 255);
        break;
      case 1:
        bytes.splice(at, length);
        break;
      case 2:
        bytes.splice(at, 0, ...noise);
        break;
      case 3:
        bytes.splice(at, 0, ...bytes.slice(at, at + 4 * length));
        break;
      default:
        bytes = bytes.slice(0, Math.max(1, at));
    }
    if (bytes.length === 0) return Uint8Array.of(0);
  }
  return Uint8Array.from(bytes);
}

/** The message of the one error that a check may end with; '' if it does not complain. */
function messageOf(check: () => void): string {
  try {
    check();
    return '';
  } catch (error) {
    if (error instanceof CodecLmError && error.code === 'JPEG_INVALID') return error.message;
    throw error;
  }
}

const parses = (bytes: Uint8Array) => messageOf(() => parseDocument(bytes)) === '';

function fuzz(t: ExecutionContext, count: number, seed: number): void {
  const random = randomNumbers(seed);
  let intact = 0;
  for (let i = 0; i < count; i++) {
    const { width, height } = randomGrammarOptions(random);
    const grammar = createJpegGrammar({ width, height });
    const document = randomDocument({ width, height }, random);
    const damaged = damage(document, random);
    // The parser takes any size it finds in the header, the grammar only its own.
    const sameSize =
      Buffer.compare(damaged.subarray(0, HEADER_LENGTH), document.subarray(0, HEADER_LENGTH)) === 0;
    const parsed = parses(damaged);
    const accepted = messageOf(() => validateDocument(damaged, grammar)) === '';
    if (accepted !== (parsed && sameSize)) {
      t.fail(`document ${i} of seed ${seed}: parsed ${parsed}, accepted ${accepted}`);
    }
    if (accepted) intact++;
  }
  t.log(`${intact} of ${count} damaged documents are still canonical`);
  t.true(intact < count / 2);
}

test('the parser and the grammar agree on damaged documents, and end with typed errors only', (t) =>
  fuzz(t, 400, 7));
testLong('10,000 damaged documents: the parser and the grammar agree', (t) => {
  t.timeout(3_600_000);
  fuzz(t, 10_000, 8);
});

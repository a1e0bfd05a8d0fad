/**
 * The grammar of canonical AVC documents of one size and number of frames: baseline, CAVLC, one
 * macroblock per slice (ITU-T H.264; syntax/ names the clauses).
 *
 *     SPS | PPS | SEI | slice of macroblock 0 | slice of macroblock 1 | ...
 *
 * It walks the parser's syntax bit by bit, so both accept the same documents. Every accepted
 * document decodes without an error.
 */
import { CodecLmError } from '../../../base/error.ts';
import { collectSymbols, type Grammar } from '../../mask/grammar.ts';
import { describeAvcPlace, describeExpected } from './describe.ts';
import { ByteWalk, PAYLOAD, SHORT_HEADER } from './grammar/bytes.ts';
import { FinishLength, MESSAGE_BYTE } from './grammar/finish.ts';
import { isInSight, placeKey, sightKey } from './grammar/key.ts';

export interface AvcGrammarOptions {
  /** Size of the video in pixels: even numbers, up to 4096. */
  readonly width: number;
  readonly height: number;
  /** Frames of the clip. */
  readonly frames: number;
}

/** A place in a document. It never changes once it is made. */
export type AvcState = ByteWalk;

const MOST_PIXELS = 4096;
const MOST_FRAMES = 1 << 20;

/**
 * Upper bound of the bytes to the end of a slice: the longest macroblock has raw samples, all 384
 * with emulation prevention.
 */
const LONGEST_SLICE_FINISH = 1024;
/**
 * The same bound for a coded macroblock: a block of 16 levels and 26 empty ones, all with emulation
 * prevention.
 */
const LONGEST_CODED_FINISH = 128;
/** Upper bound of the difference in bytes between the shortest slices of two types. */
const TYPES_APART = 8;
/** Bytes of a start code, a header and the shortest slice. */
const SHORTEST_SLICE = 6;
/** Most contexts that are remembered at a time. */
const CONTEXTS = 1 << 17;

/** @throws CodecLmError `CONFIG_INVALID` for a size or length that no document has */
export function createAvcGrammar(options: AvcGrammarOptions): Grammar<AvcState> {
  const { width, height, frames } = options;
  requireWhole('frames', frames, 1, MOST_FRAMES);
  for (const [name, value] of Object.entries({ width, height })) {
    requireWhole(name, value, 2, MOST_PIXELS);
    if (value % 2 === 1) {
      throw new CodecLmError(
        'CONFIG_INVALID',
        `${name} of an AVC grammar must be even, not ${value}`,
      );
    }
  }
  return new AvcGrammar({ width, height, frames });
}

function requireWhole(name: string, value: number, least: number, most: number): void {
  if (Number.isInteger(value) && value >= least && value <= most) return;
  throw new CodecLmError(
    'CONFIG_INVALID',
    `${name} of an AVC grammar must be a whole number from ${least} to ${most}, not ${value}`,
  );
}

class AvcGrammar implements Grammar<AvcState> {
  readonly codec = 'AVC';
  readonly invalidCode = 'AVC_INVALID';

  readonly #options: AvcGrammarOptions;
  /** Slices per picture: one per macroblock. */
  readonly #slices: number;
  readonly #finish = new FinishLength();
  readonly #contexts = new Map<string, number>();
  #nextContext = 0;

  constructor(options: AvcGrammarOptions) {
    this.#options = options;
    this.#slices = Math.ceil(options.width / 16) * Math.ceil(options.height / 16);
  }

  start(): AvcState {
    return ByteWalk.start(this.#options);
  }

  next(state: AvcState, byte: number): AvcState | undefined {
    // Most bytes are refused at their first bit; do not copy the state for them.
    if (state.phase === PAYLOAD && !state.bits.allows(byte >> 7)) return undefined;
    const after = state.copy();
    return after.step(byte) ? after : undefined;
  }

  allowedSymbols(state: AvcState): Uint32Array {
    return collectSymbols(this, state);
  }

  isComplete(state: AvcState): boolean {
    return state.isComplete;
  }

  /**
   * A number of bytes that suffices to finish from here, by the path of grammar/finish.ts; 0
   * exactly when the document is complete.
   */
  symbolsToFinish(state: AvcState): number {
    const isKnown = isInSight(state) && state.syntax.picture !== undefined;
    if (!isKnown || state.phase < PAYLOAD) return this.#finish.bytes(state);
    return this.#finish.bytesInPicture(state, this.contextKey(state, 0));
  }

  /**
   * The header of a picture's first slice determines the length of all later slices, and the units
   * before it may have any length. From there to the end of the picture, only the slice itself and
   * the slice types that may follow it matter.
   */
  longestDetour({ syntax }: AvcState, reach: number): number {
    // A message of known size does not affect what comes after it.
    if (syntax.name === MESSAGE_BYTE && syntax.count > reach) return TYPES_APART;
    const toCome = this.#slices - syntax.macroblock - 1;
    const isPictureKnown = syntax.picture !== undefined || syntax.isHeaderRead;
    if (!isPictureKnown || toCome * SHORTEST_SLICE < reach) return Infinity;
    return this.#detourOfSlice(syntax) + toCome * TYPES_APART;
  }

  readonly sight = {
    isIn: isInSight,
    longestDetour: ({ syntax }: AvcState) => this.#detourOfSlice(syntax),
  };

  contextKey(state: AvcState, reach: number): number {
    const key = isInSight(state)
      ? sightKey(state, this.#slices)
      : `${reach} ${placeKey(state, reach, this.#slices * SHORTEST_SLICE)}`;
    let context = this.#contexts.get(key);
    if (context === undefined) {
      // Numbers are never reused, so forgetting some does no harm.
      if (this.#contexts.size === CONTEXTS) this.#contexts.clear();
      context = this.#nextContext++;
      this.#contexts.set(key, context);
    }
    return context;
  }

  #detourOfSlice({ isHeaderRead, name }: AvcState['syntax']): number {
    const isTypeKnown = isHeaderRead && name !== 'mb_skip_run' && name !== 'mb_type';
    const isRaw = name.startsWith('pcm_');
    return isTypeKnown && !isRaw ? LONGEST_CODED_FINISH : LONGEST_SLICE_FINISH;
  }

  describe(state: AvcState): string {
    if (state.isComplete) return 'the end of the clip';
    const place = describeAvcPlace(state.syntax);
    return state.phase < SHORT_HEADER ? `${place} (start code)` : place;
  }

  explain(state: AvcState, byte: number): string | undefined {
    const walk = state.copy();
    if (walk.step(byte)) return undefined;
    if (state.isComplete) return 'it follows the end of the clip';
    const place = this.describe(walk);
    if (walk.phase < SHORT_HEADER)
      return `${place}: expected 00 00 00 01 or, inside a frame, 00 00 01`;
    if (walk.phase >= PAYLOAD && walk.zeros === 2 && byte <= 3) {
      return `${place}: 00 00 must be followed by 03 and a byte of 00 to 03, or by one above`;
    }
    return `${place}: expected ${describeExpected(walk.syntax)}`;
  }
}

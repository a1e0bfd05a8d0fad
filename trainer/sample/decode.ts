/** Token by token, several sequences at once. Knows nothing of tensors: a `Stepper` computes the logits. */
import { isInMask } from '../../tokenizer/mask.ts';
import { type FilterSettings, filterLogits, logProbability, pick } from './filter.ts';
import { createRandom } from './random.ts';

/** A model with the keys and values of what it has read so far, for a fixed number of sequences. */
export interface Stepper {
  /**
   * Reads further tokens of every sequence.
   * @param ids [sequences * count], row by row
   * @returns logits after the last of them, [sequences * vocabSize]
   */
  advance(ids: Int32Array, count: number): Promise<Float32Array>;
  dispose(): void;
}

/** What may follow, from a grammar; one a sequence, fed with every token that is taken. */
export interface Constraint {
  /**
   * Bit `id & 31` of word `id >> 5` is 1 where a token may follow; never all 0.
   * @param remaining tokens that may still be drawn, this one and `<eos>` counted
   */
  allowed(remaining: number): Uint32Array;
  accept(id: number): void;
}

export interface SampleRequest {
  /** Number of the sample: with the seed it decides all its random numbers. */
  index: number;
  constraint?: Constraint;
}

export interface DecodeSettings extends FilterSettings {
  seed: number;
  /** Tokens drawn at most, `<eos>` counted. */
  maxTokens: number;
  /** Ends a sequence. */
  eosId: number;
  /** Never drawn: `<bos>` and `<pad>` belong to no document. */
  bannedIds: readonly number[];
}

export interface SampledSequence {
  index: number;
  /** Drawn ids, without the prompt and `<eos>`. */
  ids: number[];
  /** `length`: cut off before `<eos>`. */
  finish: 'eos' | 'length';
  /** Sum of ln p(token) under the unfiltered model, `<eos>` counted. */
  logProbability: number;
  /** Draws of which the grammar forbade the token that the model held most likely. */
  corrected: number;
}

interface Row {
  request: SampleRequest;
  random: ReturnType<typeof createRandom>;
  sequence: SampledSequence;
  isDone: boolean;
}

/**
 * Draws one sequence a request, all after the same prompt; each is yielded when it ends.
 * @param stepper for exactly `requests.length` sequences
 * @param prompt ids with `<bos>`, one at least
 */
export async function* decode(
  stepper: Stepper,
  requests: readonly SampleRequest[],
  prompt: ArrayLike<number>,
  settings: DecodeSettings,
  signal?: AbortSignal,
): AsyncGenerator<SampledSequence> {
  const rows = requests.map((request) => newRow(request, settings.seed));
  let ids = new Int32Array(rows.length * prompt.length);
  for (let row = 0; row < rows.length; row++) ids.set(prompt, row * prompt.length);
  let count = prompt.length;
  for (let drawn = 0; drawn < settings.maxTokens; drawn++) {
    if (signal?.aborted) return;
    const logits = await stepper.advance(ids, count);
    const vocabSize = logits.length / rows.length;
    const free = anyBut(settings.bannedIds, vocabSize);
    // A sequence that has ended is fed with <eos> until the others have ended too.
    ids = new Int32Array(rows.length).fill(settings.eosId);
    count = 1;
    for (const [i, row] of rows.entries()) {
      if (row.isDone) continue;
      const own = logits.subarray(i * vocabSize, (i + 1) * vocabSize);
      ids[i] = draw(row, own, settings, settings.maxTokens - drawn, free);
      if (row.isDone) yield row.sequence;
    }
    if (rows.every((row) => row.isDone)) return;
  }
}

function newRow(request: SampleRequest, seed: number): Row {
  return {
    request,
    random: createRandom(seed, request.index),
    sequence: {
      index: request.index,
      ids: [],
      finish: 'length',
      logProbability: 0,
      corrected: 0,
    },
    isDone: false,
  };
}

function draw(
  row: Row,
  logits: Float32Array,
  settings: DecodeSettings,
  remaining: number,
  free: Uint32Array,
): number {
  const { request, sequence } = row;
  const constraint = request.constraint;
  const allowed = constraint?.allowed(remaining) ?? free;
  const probabilities = filterLogits(logits, settings, allowed);
  // The draw is taken even where one token is left, so that a stream stays in step with its tokens.
  const id = pick(probabilities, row.random.next());
  sequence.logProbability += logProbability(logits, id);
  if (constraint && !isInMask(allowed, mostLikely(logits))) sequence.corrected++;
  if (id === settings.eosId) {
    sequence.finish = 'eos';
    row.isDone = true;
    return id;
  }
  constraint?.accept(id);
  sequence.ids.push(id);
  row.isDone = remaining === 1;
  return id;
}

/** Every id but these, as a mask. */
function anyBut(banned: readonly number[], vocabSize: number): Uint32Array {
  const allowed = new Uint32Array(Math.ceil(vocabSize / 32)).fill(0xffffffff);
  for (const id of banned) allowed[id >> 5] &= ~(1 << (id & 31));
  return allowed;
}

function mostLikely(logits: Float32Array): number {
  let best = 0;
  for (let id = 1; id < logits.length; id++) if (logits[id] > logits[best]) best = id;
  return best;
}

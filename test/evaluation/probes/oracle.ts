/**
 * A model that knows some documents by heart: at each place it is nearly sure of the symbol that the
 * document has there, whatever was read before. What the probes find in it can be computed by hand.
 */

import type { Codec, Symbols, Tokenizer } from '../../../tokenizer/index.ts';
import { plainTokenizer } from '../../../tokenizer/plain.ts';
import type { Engine, EngineRow } from '../../../trainer/sample/engine/engine.ts';
import type { Model } from '../../../trainer/sample/model.ts';

/** ln of the odds of the right token against each other one. */
export const CERTAINTY = 12;

export function tokenizerFor(codec: Codec): Tokenizer {
  return plainTokenizer(codec.alphabet);
}

/** @param documents of which the first that agrees with what was read is the one that goes on */
export function oracleOf(codec: Codec, documents: readonly Symbols[], seqLen: number): Model {
  const tokenizer = tokenizerFor(codec);
  const sequences = new Map<object, number[]>();
  const known = documents.map((document) => tokenizer.encodeDocument(document));
  const logitsAfter = (read: readonly number[]): Float32Array => {
    const logits = new Float32Array(tokenizer.vocabSize);
    const agreement = (ids: Uint16Array) => read.filter((id, i) => ids[i] === id).length;
    const best = known.reduce((a, b) => (agreement(b) > agreement(a) ? b : a));
    logits[best[read.length] ?? tokenizer.eosId] = CERTAINTY;
    return logits;
  };
  const engine: Engine = {
    vocabSize: tokenizer.vocabSize,
    maxRows: 64,
    capacity: 2 ** 20,
    description: 'an oracle',
    open(capacity) {
      const ids: number[] = [];
      const sequence = {
        get length() {
          return ids.length;
        },
        capacity,
      };
      sequences.set(sequence, ids);
      return sequence;
    },
    close: (sequence) => void sequences.delete(sequence),
    async step(rows: readonly EngineRow[]) {
      const found: Float32Array[] = [];
      for (const { sequence, id, wantsLogits } of rows) {
        const ids = sequences.get(sequence)!;
        ids.push(id);
        if (wantsLogits) found.push(logitsAfter(ids));
      }
      return found;
    },
    dispose: async () => undefined,
  };
  const parts = { path: 'oracle', codec: { ...codec, seqLen }, tokenizer };
  const use = (_: unknown, work: (engine: Engine) => Promise<unknown>) => work(engine);
  return {
    ...parts,
    use,
    useToDraw: use,
    close: async () => undefined,
  } as unknown as Model;
}

/**
 * The grammar's part of a decoding step, over the tokens of photographs' documents.
 *   node bin/start.js bench/jpeg/mask.ts [documents = 100]
 * A step asks for the mask within a limit of tokens; masks of known families are told
 * from those that the vocabulary is walked for. The ratio and the share are of the rest
 * of a step that is not the model: temperature, top-k, top-p and the draw. Exits with 1
 * when the median of all steps is not under 50 us.
 */

import { learnMerges } from '../../tokenizer/bpe/learn/learn.ts';
import { ByteBpe } from '../../tokenizer/bpe/tokenizer.ts';
import { createJpegGrammar } from '../../tokenizer/codecs/jpeg/grammar.ts';
import { createTokenMask } from '../../tokenizer/mask/mask.ts';
import { validateDocument } from '../../tokenizer/mask/validate.ts';
import { filterLogits, pick } from '../../trainer/sample/filter.ts';
import { corpusOf } from '../bpe/corpus.ts';

const MERGES = 320;
const SEQUENCE = 12_288;
const LIMIT_US = 50;

const count = Number(process.argv[2] ?? 100);
const documents = await corpusOf(count);
const bpe = new ByteBpe(learnMerges(documents, MERGES));
const grammar = createJpegGrammar({ width: 256, height: 256, quality: 25 });
const mask = createTokenMask(grammar, bpe);

const logits = Float32Array.from({ length: bpe.vocabSize }, (_, id) => Math.sin(id * 12.9898) * 4);
const longest = Math.max(...bpe.merges.map((_, i) => bpe.tokenSymbols(256 + i).length));

/** Microseconds a call of each kind took. */
const times = { known: [] as number[], fresh: [] as number[], drawing: [] as number[] };
const seen = new Set<number>();

for (const document of documents) {
  let state = mask.start();
  let left = SEQUENCE;
  for (const id of bpe.encode(document)) {
    const key = grammar.contextKey(state, longest);
    const start = performance.now();
    const allowed = mask.allowed(state, { tokens: left-- });
    const masked = performance.now();
    pick(filterLogits(logits, { temperature: 1, topK: 40, topP: 0.9 }, allowed), 0.5);
    const drawn = performance.now();
    (seen.has(key) ? times.known : times.fresh).push(1000 * (masked - start));
    times.drawing.push(1000 * (drawn - masked));
    seen.add(key);
    state = mask.advance(state, id)!;
  }
}

const bytes = documents.reduce((sum, document) => sum + document.length, 0);
const validating = performance.now();
for (const document of documents) validateDocument(document, grammar);
const validateSeconds = (performance.now() - validating) / 1000;

const rounded = (value: number, digits = 2) => Number(value.toFixed(digits));
const quantile = (values: number[], share: number) =>
  rounded(Float64Array.from(values).sort()[Math.floor(values.length * share)]);
const mean = (values: number[]) => values.reduce((a, b) => a + b, 0) / values.length;
const all = [...times.known, ...times.fresh];
const median = quantile(all, 0.5);
console.log(
  JSON.stringify({
    documents: count,
    vocabSize: bpe.vocabSize,
    steps: all.length,
    knownShare: rounded(times.known.length / all.length, 3),
    medianUs: median,
    meanUs: rounded(mean(all)),
    p99Us: quantile(all, 0.99),
    knownMedianUs: quantile(times.known, 0.5),
    freshMedianUs: quantile(times.fresh, 0.5),
    drawingMedianUs: quantile(times.drawing, 0.5),
    ratio: rounded(quantile(times.drawing, 0.5) / median, 1),
    shareOfStep: rounded(mean(all) / (mean(all) + mean(times.drawing)), 3),
    validateMBps: Number((bytes / 1e6 / validateSeconds).toFixed(2)),
  }),
);
if (!(median < LIMIT_US)) process.exitCode = 1;

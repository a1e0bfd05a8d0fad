/**
 * What llama.cpp makes of a GGUF file. Reads one JSON job from standard input,
 * `{file, to, ids, text, prompt, tokens}`, and writes `to`: the ids of `text`, the text of `ids`, the
 * probabilities behind each of `ids`, and a greedy continuation of the first `prompt` of them.
 */
import { readFileSync, writeFileSync } from 'node:fs';

const { getLlama, GgmlType, LlamaLogLevel } = await import(
  './.venv-node-llama-cpp/node_modules/node-llama-cpp/dist/index.js'
);
const job = JSON.parse(readFileSync(0, 'utf8'));
const llama = await getLlama({ gpu: false, build: 'never', logLevel: LlamaLogLevel.warn });
const model = await llama.loadModel({ modelPath: job.file });
// The defaults round keys, values and averages to fp16, which costs more than the weights do.
const context = await model.createContext({
  contextSize: job.ids.length + job.tokens + 8,
  // More would wait for each other by spinning, which takes minutes where other tests run.
  threads: 1,
  flashAttention: false,
  experimentalKvCacheKeyType: GgmlType.F32,
  experimentalKvCacheValueType: GgmlType.F32,
});
const sequence = context.getSequence();
const options = { generateNext: { probabilities: true, options: { temperature: 0 } } };
const outputs = await sequence.controlledEvaluate(job.ids.map((id) => [id, options]));
const probabilities = outputs.map(({ next }) => [...next.probabilities.entries()]);
await sequence.clearHistory();
const greedy = [];
const prompt = job.ids.slice(0, job.prompt);
for await (const id of sequence.evaluate(prompt, { temperature: 0, yieldEogToken: true })) {
  greedy.push(id);
  if (greedy.length === job.tokens) break;
}
const { bos, eos, shouldPrependBosToken } = model.tokens;
const specials = { bos, eos, isPrepended: shouldPrependBosToken, ends: model.isEogToken(eos) };
const ids = model.tokenize(job.text, false);
const text = model.detokenize(job.ids.slice(1), true);
writeFileSync(job.to, JSON.stringify({ ids, text, probabilities, greedy, specials }));
process.exit(0);

/**
 * Draws a number of tokens for each sequence of a batch and prints tokens per second and tokens per
 * second of CPU time, loading and the first tokens not counted, the most memory that was resident, in MiB,
 * and the seconds of loading.
 *   node --import=tsx bench/sample/draw.ts CHECKPOINT BATCH TOKENS THREADS [LIMIT on|off [WEIGHTS [CACHE [ENGINE]]]]
 * ENGINE: auto, wasm, native, or `plain` for wasm without compiled products.
 * With a limit, samples might go on to it, and the grammar is on or off. `<eos>` is never the model's
 * choice, so that all are as long.
 */
import type { CacheType, EngineChoice, WeightsType } from '../../schemas/sample.ts';
import { Batcher } from '../../trainer/sample/batcher.ts';
import { grammarConstraints } from '../../trainer/sample/constraint.ts';
import { loadEngine, readCheckpoint } from '../../trainer/sample/load.ts';

const [
  dir,
  batchText,
  tokensText,
  threadsText,
  limitText,
  grammar = 'off',
  weights,
  cache,
  engineName = 'wasm',
] = process.argv.slice(2);
const [batch, tokens, threads] = [batchText, tokensText, threadsText].map(Number);
const limit = Number(limitText ?? tokens);
const checkpoint = await readCheckpoint(dir);
const { config, codec, tokenizer } = checkpoint;
const size = {
  ...{ sequences: batch, positions: limit + 1, threads },
  weights: weights as WeightsType | undefined,
  // An empty word for the default.
  cache: (cache || undefined) as CacheType | undefined,
  engine: (engineName === 'plain' ? 'wasm' : engineName) as EngineChoice,
  compiled: engineName !== 'plain',
};
const loadStart = performance.now();
const engine = await loadEngine(checkpoint, size, () =>
  Promise.reject(new Error('this model has kernels of its own')),
);
const loading = (performance.now() - loadStart) / 1000;
const batcher = new Batcher(engine);
const constraints = grammarConstraints(codec, tokenizer);
const banned = [config.bosId, config.padId, ...(grammar === 'on' ? [] : [config.eosId])];
/** For V8 to optimize what computes; llama.cpp's script begins with as many. */
const WARM_UP = Math.min(64, tokens >> 2);
let drawn = 0;

/** @param count tokens for each sequence */
async function drawAll(count: number): Promise<void> {
  const all = Array.from({ length: batch }, (_, stream) => {
    let left = count;
    return batcher.submit({
      prompt: [config.bosId],
      maxTokens: limit,
      seed: 1,
      stream,
      eosId: config.eosId,
      bannedIds: banned,
      temperature: 1,
      topK: 40,
      topP: 0.9,
      constraint: grammar === 'on' ? constraints([], limit) : undefined,
      onToken: () => {
        drawn++;
        left--;
        return left === 0;
      },
    }).done;
  });
  const ended = Promise.all(all);
  while (await batcher.step());
  await ended;
}

await drawAll(WARM_UP);
drawn = 0;
const [start, before] = [performance.now(), process.cpuUsage()];
await drawAll(tokens);
const seconds = (performance.now() - start) / 1000;
const { user, system } = process.cpuUsage(before);
if (drawn !== batch * tokens) throw new Error(`${drawn} tokens, not ${batch} times ${tokens}`);
const peakMiB = process.resourceUsage().maxRSS / 1024;
console.log(`${drawn / seconds} ${drawn / ((user + system) / 1e6)} ${peakMiB} ${loading}`);
await engine.dispose();

/**
 * Draws the same samples without a draft and with it, in turns on one engine, and prints for each way tokens per
 * second, tokens per second of CPU time, tokens per step of the model, and the share of proposals that were drawn.
 *   node --import=tsx bench/sample/drafted.ts CHECKPOINT DRAFT BATCH SAMPLES THREADS WEIGHTS ROUNDS TOKENS
 * TOKENS: the ways, such as `0,3,auto`: without the draft, three proposals, as many as pay.
 */
import type { WeightsType } from '../../schemas/sample.ts';
import { sampleSchema } from '../../schemas/sample.ts';
import { draftSize, readDraft } from '../../trainer/sample/draft/check.ts';
import { Drafter } from '../../trainer/sample/draft/drafter.ts';
import type { Engine } from '../../trainer/sample/engine/engine.ts';
import { constraintsOf, drawAll } from '../../trainer/sample/generate.ts';
import { loadEngine, readCheckpoint } from '../../trainer/sample/load.ts';
import { planSamples } from '../../trainer/sample/plan.ts';

const [dir, draftDir, batch, samples, threads, weights, rounds, ways] = process.argv.slice(2);
const noBackend = () => Promise.reject(new Error('these models have kernels of their own'));
const model = await readCheckpoint(dir);
const draft = await readDraft(draftDir, model);
const { seqLen } = model.codec;
const size = { sequences: Number(batch), positions: seqLen, threads: Number(threads) };
const formats = { weights: weights as WeightsType, engine: 'wasm' as const };
const engine = await loadEngine(model, { ...size, ...formats }, noBackend);
const drafting = await loadEngine(
  draft,
  { ...draftSize(draft.config, size), ...formats },
  noBackend,
);

interface Drawn {
  tokens: number;
  seconds: number;
  cpu: number;
  steps: number;
  share: number;
}

async function draw(way: string, num: number): Promise<Drawn> {
  let steps = 0;
  const counting: Engine = Object.create(engine, {
    ...{ vocabSize: { value: engine.vocabSize }, maxRows: { value: engine.maxRows } },
    capacity: { value: engine.capacity },
  });
  for (const name of ['open', 'fork', 'close', 'rewind'] as const) {
    counting[name] = engine[name]!.bind(engine) as never;
  }
  counting.step = (rows) => {
    steps++;
    return engine.step(rows);
  };
  const drafter = way === '0' ? undefined : new Drafter(drafting, Number(way) || undefined);
  const settings = sampleSchema.parse({ num, batchSize: Number(batch) });
  const plans = planSamples(undefined, num, seqLen);
  const constraints = constraintsOf(model, plans, settings);
  let tokens = 0;
  const [start, before] = [performance.now(), process.cpuUsage()];
  await drawAll(counting, model, { plans, settings, constraints, drafter }, async (drawn) => {
    tokens += drawn.generation.tokens;
  });
  const seconds = (performance.now() - start) / 1000;
  const { user, system } = process.cpuUsage(before);
  const { proposed, accepted } = drafter?.counts ?? { proposed: 0, accepted: 0 };
  return { tokens, seconds, cpu: (user + system) / 1e6, steps, share: accepted / proposed };
}

// For V8 to optimize what computes.
for (const way of ways.split(',')) await draw(way, Math.min(4, Number(samples)));
for (let round = 0; round < Number(rounds); round++) {
  for (const way of ways.split(',')) {
    const { tokens, seconds, cpu, steps, share } = await draw(way, Number(samples));
    const figures = [tokens / seconds, tokens / cpu, tokens / steps, share || 0];
    console.log([way, ...figures.map((figure) => figure.toPrecision(5))].join(' '));
  }
}
await engine.dispose();
await drafting.dispose();

/**
 * Tensors alive and resident memory after step 10 and after step 1,000 of a run: data, gradients
 * in two micro batches, checkpointed blocks, clipping and AdamW, as `trainer fit` does them.
 * Garbage is collected before each reading: V8 lets 20 to 50 MB of it lie about, and no step frees it.
 * Usage: leak.ts [--steps 1000] [--hidden 64] [--layers 2]. One line of JSON.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { chooseBackend } from '../../compute/choose.ts';
import { makeSmallDataset, smallConfig } from '../../test/helpers/small-run.ts';
import { prepareSession } from '../../trainer/fit/session.ts';
import { trainStep } from '../../trainer/fit/step.ts';
import { parseSizes } from './sizes.ts';

/** By then caches are filled: kernels, tables, the compiler's code. */
const SETTLED = 10;

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;
const { steps, hidden, layers } = parseSizes({ steps: 1000, hidden: 64, layers: 2 });
const folder = await mkdtemp(join(tmpdir(), 'codec-lm-leak-'));
try {
  const session = await prepareSession({
    data: await makeSmallDataset(folder),
    out: join(folder, 'run'),
    config: await smallConfig(
      ...[`model.hiddenSize=${hidden}`, `model.intermediateSize=${2 * hidden}`],
      ...[`model.layers=${layers}`, 'train.gradAccumulation=2', 'train.checkpointing=true'],
      ...[`train.steps=${steps}`, 'optim.zLoss=0.0001'],
    ),
    chooseBackend: () => chooseBackend(),
  });
  const { name, native, tf } = session.backend;
  const now = async () => {
    // Twice, with time for V8's threads to give the emptied pages back.
    for (let i = 0; i < 2; i++) {
      collectGarbage();
      await setTimeout(1000);
    }
    return {
      tensors: tf.memory().numTensors,
      handles: native?.binding.getNumOfTensors(),
      resident: process.memoryUsage().rss,
      heap: process.memoryUsage().heapTotal,
    };
  };
  const seen: Awaited<ReturnType<typeof now>>[] = [];
  for (let step = 1; step <= steps; step++) {
    await trainStep(session);
    if (step === SETTLED || step === steps) seen.push(await now());
  }
  const [before, after] = seen;
  const growth = after.resident / before.resident - 1;
  console.log(JSON.stringify({ backend: name, before, after, growth }));
  await session.dispose();
} finally {
  await rm(folder, { recursive: true, force: true });
}

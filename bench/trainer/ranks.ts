/**
 * Steps of training on the ranks that mpirun started: seconds and CPU seconds of a step, and the
 * highest resident memory of a rank. Rank 0 prints one line of JSON with the largest of all ranks.
 * Usage: mpirun -n 2 node --import=tsx bench/trainer/ranks.ts [--zero 3] [--group 0] [--steps 4]
 *   [--hidden 512] [--batch 1] [--time 512] [--checkpointing 1] …, see OPTIONS of model.ts.
 */
import { chooseBackend } from '../../compute/choose.ts';
import { createTraining } from '../../trainer/distributed/create.ts';
import { openGroups } from '../../trainer/distributed/groups.ts';
import { openCommunicator } from '../../trainer/distributed/open.ts';
import { parameterCount } from '../../trainer/model/config.ts';
import { initialSource } from '../../trainer/model/init.ts';
import { backpropagate } from '../../trainer/model/loss.ts';
import { weightStream } from '../../trainer/model/streams.ts';
import { median } from '../pipeline/race.ts';
import { configOf, OPTIONS } from './model.ts';
import { parseSizes } from './sizes.ts';

const { zero, group, steps, threads, ...sizes } = parseSizes({
  ...OPTIONS,
  ...{ zero: 3, group: 0, steps: 4, threads: 1 },
});
process.env.TF_NUM_INTRAOP_THREADS = String(threads);
const communicator = await openCommunicator(600);
const backend = await chooseBackend();
const config = configOf(sizes);
const precision = sizes.bf16 ? 'bf16' : 'fp32';
const optim = { betas: [0.9, 0.95], eps: 1e-8, weightDecay: 0.1, zero: zero as 0 | 1 | 3 } as const;
const groups = await openGroups(communicator, group || undefined);
const options = { backend, communicator, groups, config, precision, optim } as const;
const training = await createTraining(options, {
  weights: weightStream(config, initialSource(config, 0)),
});
const tokens = sizes.batch * sizes.time;
const [inputs, targets] = [0, 1].map(() =>
  Int32Array.from({ length: tokens }, () => Math.random() * config.vocabSize),
);
const settings = { precision, checkpointing: zero === 3 || sizes.checkpointing === 1 } as const;
const wall: number[] = [];
const cpu: number[] = [];
for (let step = 0; step < steps; step++) {
  await communicator.barrier();
  const [started, used] = [performance.now(), process.cpuUsage()];
  const batch = { inputs, targets, batch: sizes.batch };
  const scale = 1 / (tokens * communicator.size);
  await backpropagate(training.model, batch, scale, settings, (part, gradients) =>
    training.add(part, gradients),
  );
  await training.step(1e-3, 1, async () => {});
  const { user, system } = process.cpuUsage(used);
  wall.push((performance.now() - started) / 1000);
  cpu.push((user + system) / 1e6);
}
const typical = (values: number[]) => median(steps > 1 ? values.slice(1) : values);
const peak = process.resourceUsage().maxRSS * 1024;
const largest = Float64Array.of(typical(wall), typical(cpu), peak);
await communicator.allReduce(largest, 'max');
const [seconds, cpuSeconds, peakMemory] = largest;
if (communicator.rank === 0) {
  const parameters = parameterCount(config);
  const ranks = communicator.size;
  console.log(JSON.stringify({ ranks, zero, parameters, tokens, seconds, cpuSeconds, peakMemory }));
}
training.dispose();
await communicator.close();

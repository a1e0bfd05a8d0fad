/**
 * Training steps on random tokens: forward, backward, clipping and AdamW. One line of JSON, the
 * medians of the steps after the first. CPU seconds are there too, because wall time says little
 * on a shared machine. The backend is chosen by CODEC_LM_BACKEND.
 * Usage: train-step.ts [--threads 2] [--steps 5] [--heads 8] [--batch 4] [--time 512] …, see OPTIONS.
 */
import { median } from './pipeline/race.ts';
import { OPTIONS, setUp } from './trainer/model.ts';
import { parseSizes } from './trainer/sizes.ts';

const { threads, steps, ...sizes } = parseSizes({ ...OPTIONS, threads: 2, steps: 5 });
// TensorFlow reads it while it is loaded.
process.env.TF_NUM_INTRAOP_THREADS = String(threads);
const { backend, parameters, step } = await setUp(sizes);
const wall: number[] = [];
const cpu: number[] = [];
for (let i = 0; i < steps; i++) {
  const [started, used] = [performance.now(), process.cpuUsage()];
  await step();
  const { user, system } = process.cpuUsage(used);
  wall.push((performance.now() - started) / 1000);
  cpu.push((user + system) / 1e6);
}
// The first one finds the kernels and makes the tables.
const typical = (values: number[]) => median(steps > 1 ? values.slice(1) : values);

console.log(
  JSON.stringify({
    backend: backend.name,
    parameters,
    tokens: sizes.batch * sizes.time,
    seconds: typical(wall),
    cpuSeconds: typical(cpu),
    peakMemory: process.resourceUsage().maxRSS * 1024,
  }),
);

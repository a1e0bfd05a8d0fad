/**
 * An additional thread of the decoder: computes its share of every step until it is told to stop.
 */
import { workerData } from 'node:worker_threads';
import { headSize } from '../../model/config.ts';
import { Barrier } from './barrier.ts';
import { StepThread } from './compute.ts';
import { compileKernels } from './kernels/module.ts';
import { controlOf, STEP_ROWS, STEP_WANTED, STOP, type ThreadData } from './threads.ts';

const { config, layout, memory, thread } = workerData as ThreadData;
const control = controlOf(memory.buffer, layout);
const barrier = new Barrier(control, layout.normed.length);
const kernels = compileKernels(memory, headSize(config));
const step = new StepThread(config, kernels, layout, memory.buffer, barrier, thread);
for (;;) {
  barrier.wait(true);
  if (control[STEP_ROWS] === STOP) break;
  step.run({ rows: control[STEP_ROWS], wanted: control[STEP_WANTED] });
}

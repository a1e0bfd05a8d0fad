/**
 * An additional thread of the decoder: computes its share of every step until it is told to stop.
 */
import { workerData } from 'node:worker_threads';
import { Barrier } from './barrier.ts';
import { StepThread } from './step.ts';
import { controlOf, STEP_ROWS, STEP_WANTED, STOP, type ThreadData } from './threads.ts';

const data = workerData as ThreadData;
const { layout, memories } = data;
const control = controlOf(memories, layout);
const barrier = new Barrier(control, layout.threads);
const step = new StepThread(data, barrier);
for (;;) {
  barrier.wait(true);
  if (control[STEP_ROWS] === STOP) break;
  step.run({ rows: control[STEP_ROWS], wanted: control[STEP_WANTED] });
}

/**
 * Where the time of a training step goes, by op and output shape: calls, wall and CPU milliseconds a
 * step, and what is spent outside of ops. Ops are TensorFlow's on the native backend, tfjs's on
 * WebAssembly, where our products (ops/heap-product.ts) are among what is outside.
 * Usage: profile.ts [--heads 4] [--steps 3] [--rows 25] …, see SIZES of model.ts.
 */
import type { Tensor } from '@tensorflow/tfjs';
import type { Binding } from '../../compute/binding.ts';
import { OPTIONS, setUp } from './model.ts';
import { parseSizes } from './sizes.ts';

interface Row {
  calls: number;
  wall: number;
  cpu: number;
}

interface HasBinding {
  binding: Binding;
}

interface HasKernels {
  runKernel(name: string, inputs: unknown, attributes: unknown): Tensor | Tensor[];
}

const sizes = parseSizes({ ...OPTIONS, steps: 3, rows: 25 });
const { backend, step } = await setUp(sizes);
const rows = new Map<string, Row>();
await step();
if (backend.native) watch(backend.native, backend.tf.backend() as unknown as HasBinding, rows);
else watchKernels(backend.tf.engine() as unknown as HasKernels, rows);
const [started, used] = [performance.now(), process.cpuUsage()];
for (let i = 0; i < sizes.steps; i++) await step();
const wall = (performance.now() - started) / sizes.steps;
const { user, system } = process.cpuUsage(used);
print(wall, (user + system) / 1000 / sizes.steps);

/** Counts every op that goes through the binding, ours and tfjs's. */
function watch(native: HasBinding, kernels: HasBinding, rows: Map<string, Row>): void {
  const { binding } = native;
  const executeOp: Binding['executeOp'] = (op, attrs, inputs, outputs) =>
    timed(rows, op, () => binding.executeOp(op, attrs, inputs, outputs));
  // The addon's own properties are read-only.
  const watched = Object.create(binding, { executeOp: { value: executeOp } }) as Binding;
  native.binding = watched;
  kernels.binding = watched;
}

/** The same for kernels of tfjs. */
function watchKernels(engine: HasKernels, rows: Map<string, Row>): void {
  const runKernel = engine.runKernel.bind(engine);
  engine.runKernel = (name, inputs, attributes) =>
    timed(rows, name, () => runKernel(name, inputs, attributes));
}

type Shaped = { shape: number[] };

function timed<T extends Shaped | Shaped[]>(rows: Map<string, Row>, op: string, work: () => T): T {
  const [started, used] = [performance.now(), process.cpuUsage()];
  const result = work();
  const { user, system } = process.cpuUsage(used);
  const shapes = [result].flat().map((tensor) => `[${(tensor as Shaped).shape}]`);
  add(rows, `${op} ${shapes.join(' ')}`, {
    calls: 1,
    wall: performance.now() - started,
    cpu: (user + system) / 1000,
  });
  return result;
}

function print(wall: number, cpu: number): void {
  const line = (name: string, row: Row) =>
    [row.calls, row.wall, row.cpu]
      .map((value) => (value / sizes.steps).toFixed(1).padStart(9))
      .concat(`  ${name}`)
      .join('');
  console.log('    calls  wall ms   cpu ms  op and output, a step');
  const sorted = [...rows].sort(([, a], [, b]) => b.cpu - a.cpu);
  for (const [name, row] of sorted.slice(0, sizes.rows)) console.log(line(name, row));
  const byOp = new Map<string, Row>();
  for (const [name, row] of sorted) add(byOp, name.split(' ')[0], row);
  console.log('\nby op');
  for (const [name, row] of [...byOp].sort(([, a], [, b]) => b.cpu - a.cpu)) {
    if (row.cpu / sizes.steps >= 0.5) console.log(line(name, row));
  }
  const total: Row = { calls: 0, wall: 0, cpu: 0 };
  for (const row of byOp.values()) sum(total, row);
  console.log(line('all ops', total));
  console.log(line('step', { calls: 0, wall: wall * sizes.steps, cpu: cpu * sizes.steps }));
}

function add(into: Map<string, Row>, name: string, row: Row): void {
  const found = into.get(name) ?? { calls: 0, wall: 0, cpu: 0 };
  sum(found, row);
  into.set(name, found);
}

function sum(into: Row, row: Row): void {
  into.calls += row.calls;
  into.wall += row.wall;
  into.cpu += row.cpu;
}

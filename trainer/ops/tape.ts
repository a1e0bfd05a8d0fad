/**
 * Forward and backward pass as two calls. tfjs's own gradients run a function forward and backward
 * in one call, and free everything at its end: all that was saved, and the gradient of every op's
 * output. Here the forward pass is recorded, to be walked back later; each saved tensor and each
 * gradient is freed once it has been used.
 */
import type { Tensor } from '@tensorflow/tfjs';
import type { Backend } from '../../compute/choose.ts';

/** An op that was recorded, as tfjs's engine notes it. */
interface TapeNode {
  inputs: Record<string, Tensor>;
  outputs: Tensor[];
  saved?: Tensor[];
  /** The gradient of each input, to be computed; missing for ops without a gradient. */
  gradient?: (dys: (Tensor | undefined)[]) => Record<string, () => Tensor>;
}

/** The part of tfjs's engine that records ops. */
interface Recorder {
  state: { activeTape: TapeNode[] | null; gradientDepth: number };
}

export interface Recording<Output extends Tensor> {
  /** Result of the function; it belongs to the caller and may be disposed of before `backward`. */
  output: Output;
  /**
   * Walks back once. What the recording holds is freed on the way.
   * @param dy gradient of the output; this method disposes of it
   * @param xs tensors that the function read; the tensors themselves may be gone
   * @returns the gradient of each of `xs`, zeros where the output does not depend on it
   */
  backward(dy: Output, xs: readonly Tensor[]): Tensor[];
  /** Frees the recording without walking it. */
  dispose(): void;
}

/** Runs `forward` and records its ops. Recordings may be nested and may overlap. */
export function record<Output extends Tensor>(
  { tf }: Backend,
  forward: () => Output,
): Recording<Output> {
  const { state } = tf.engine() as unknown as Recorder;
  const { activeTape, gradientDepth } = state;
  const tape: TapeNode[] = [];
  state.activeTape = tape;
  state.gradientDepth = 1;
  try {
    const output = tf.tidy(forward);
    return {
      output,
      backward: (dy, xs) => walkBack(tf, tape, output, dy, xs),
      dispose: () => freeSaved(tape.splice(0)),
    };
  } catch (error) {
    freeSaved(tape);
    throw error;
  } finally {
    state.activeTape = activeTape;
    state.gradientDepth = gradientDepth;
  }
}

function walkBack(
  tf: Backend['tf'],
  tape: TapeNode[],
  output: Tensor,
  dy: Tensor,
  xs: readonly Tensor[],
): Tensor[] {
  const reached = reachedFrom(tape, xs);
  const gradients = new Map<number, Tensor>([[output.id, dy]]);
  const wanted = new Set(xs.map(({ id }) => id));
  const add = (id: number, dx: Tensor) => {
    const before = gradients.get(id);
    gradients.set(id, before ? tf.add(before, dx) : dx);
    if (before) tf.dispose([before, dx]);
  };
  for (let node = tape.pop(); node; node = tape.pop()) {
    const dys = node.outputs.map(({ id }) => gradients.get(id));
    if (dys.some(Boolean)) {
      for (const [id, dx] of inputGradients(tf, node, dys, reached)) add(id, dx);
    }
    freeSaved([node]);
    for (const { id } of node.outputs) {
      if (wanted.has(id)) continue;
      gradients.get(id)?.dispose();
      gradients.delete(id);
    }
  }
  return xs.map((x) => gradients.get(x.id) ?? tf.zeros(x.shape));
}

/** Gradients of the inputs that lead to a tensor that is wanted, by the id of the input. */
function inputGradients(
  tf: Backend['tf'],
  { inputs, gradient }: TapeNode,
  dys: (Tensor | undefined)[],
  reached: ReadonlySet<number>,
): [id: number, dx: Tensor][] {
  const leading = Object.entries(inputs).filter(([, { id }]) => reached.has(id));
  if (leading.length === 0 || !gradient) return [];
  const dxs = tf.tidy(() => {
    const parts = gradient(dys);
    return leading.map(([name]) => {
      const dx = parts[name]();
      // A gradient that is handed on is freed twice: as the output's and as the input's.
      return dys.includes(dx) ? tf.clone(dx) : dx;
    });
  });
  return leading.map(([, { id }], i) => [id, dxs[i]]);
}

/** Ids of `xs` and of everything that was computed from them. */
function reachedFrom(tape: readonly TapeNode[], xs: readonly Tensor[]): Set<number> {
  const reached = new Set(xs.map(({ id }) => id));
  for (const { inputs, outputs } of tape) {
    if (!Object.values(inputs).some(({ id }) => reached.has(id))) continue;
    for (const { id } of outputs) reached.add(id);
  }
  return reached;
}

function freeSaved(nodes: readonly TapeNode[]): void {
  for (const { saved = [] } of nodes) for (const tensor of saved) tensor.dispose();
}

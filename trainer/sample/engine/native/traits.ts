/** Finds out how the graph is made best for the device and the library that are there. */
import { GraphBuilder } from '../../../../compute/graph/graph.ts';
import type { TensorFlowLibrary } from '../../../../compute/graph/library.ts';
import { GraphSession } from '../../../../compute/graph/session.ts';
import { type LlamaConfig, parameterCount } from '../../../model/config.ts';
import { type GraphTraits, type NativeWeights, Ops } from './ops.ts';

/** Packed copies double what weights take; larger models do without. */
const PACKED_PARAMETERS = 1e9;
/** Inputs and outputs of the product that is tried. */
const TRIED = 64;

export async function traitsOf(
  tf: TensorFlowLibrary,
  config: LlamaConfig,
  weights: NativeWeights,
): Promise<GraphTraits> {
  const isOnCpu = tf.device === 'cpu';
  const plain: GraphTraits = {
    weights,
    values: weights === 'bf16' && !isOnCpu ? 'bfloat16' : 'float32',
    packs: false,
  };
  if (weights === 'fp32' || !isOnCpu || parameterCount(config) > PACKED_PARAMETERS) return plain;
  return { ...plain, packs: await runsPacked(tf, plain) };
}

/** Whether the library has the kernel, and the CPU what that needs. */
async function runsPacked(tf: TensorFlowLibrary, traits: GraphTraits): Promise<boolean> {
  const graph = new GraphBuilder();
  const ops = new Ops(graph, traits);
  const ones = (rows: number) => {
    const value = ops.constant('float32', [rows, TRIED], new Array(rows * TRIED).fill(1));
    return ops.cast(value, 'bfloat16');
  };
  const product = ops.packedProduct(ones(1), ones(TRIED), TRIED);
  let session: GraphSession | undefined;
  try {
    session = new GraphSession(tf, graph.finish(), 1);
    const [values] = await session.run({ fetches: [product] });
    return values.every((value) => value === TRIED);
  } catch {
    return false;
  } finally {
    session?.close();
  }
}

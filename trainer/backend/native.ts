/**
 * tfjs-node-gpu's kernels on the addon that set-up compiled. The package's own entry is
 * not used: it looks for its addon in node_modules, which a fresh `npm ci` empties.
 */
import { availableParallelism } from 'node:os';
import type { Tensor, TensorInfo } from '@tensorflow/tfjs';
import { CodecLmError, messageOf } from '../../base/error.ts';
import type { Binding, OpAttr, TensorMetadata } from './binding.ts';
import { gpuCount, visibleDevice } from './gpu.ts';
import { findInstalled, type Installed } from './installed.ts';
import { polyfillUtil } from './polyfill.ts';
import { quietly } from './quiet.ts';
import { loadTfjs, type Tfjs } from './tfjs.ts';
import { createKernelBackend, findTfjsNode, TFJS_NODE, type TfjsNodeBackend } from './tfjs-node.ts';

export type { Tfjs };

/** From tfjs tensors to TensorFlow ops and back. */
export interface NativeOps {
  binding: Binding;
  /** Handles of tensors, for `executeOp`; they stay the tensors' own: do not delete them. */
  tensorIds(tensors: TensorInfo[]): number[];
  /** A handle that `executeOp` returned, as a tensor that owns it (float32, int32, bool and the like only). */
  adopt(metadata: TensorMetadata): Tensor;
  /** A TensorFlow op on tensors, with tensors for outputs. It has no gradient: see ops/differentiable.ts. */
  run(op: string, attrs: OpAttr[], inputs: TensorInfo[], outputs: number): Tensor[];
}

export interface NativeBackend {
  tf: Tfjs;
  ops: NativeOps;
  installed: Installed;
  usesGpu: boolean;
}

/** What to load here: the CUDA one where a driver shows a GPU, else the CPU one, else any. */
export function pickInstalled(gpus = gpuCount()): Installed | undefined {
  const order = gpus > 0 ? (['gpu', 'cpu'] as const) : (['cpu', 'gpu'] as const);
  return findInstalled(order[0]) ?? findInstalled(order[1]);
}

/**
 * Loads the addon alone. TensorFlow reads its environment once, while it is loaded.
 * @throws CodecLmError BACKEND_UNAVAILABLE
 */
export function loadBinding(path: string, env: NodeJS.ProcessEnv = process.env): Binding {
  // Its log of devices and CPU features is for TensorFlow's developers; failures reach us as exceptions.
  // Where there is no GPU, the CUDA build also calls that an error.
  env.TF_CPP_MIN_LOG_LEVEL ??= gpuCount() > 0 ? '2' : '3';
  // Without this, the first process on a GPU takes all of its memory.
  env.TF_FORCE_GPU_ALLOW_GROWTH ??= 'true';
  // Off by default on CPUs without AVX-512: there too its batched products are 2 to 5 times as fast
  // as Eigen's, and its allocator keeps large buffers where Eigen maps and unmaps them each time.
  env.TF_ENABLE_ONEDNN_OPTS ??= '1';
  // By default as many as half of the CPUs where these can run two threads a core, which virtual
  // machines often say of CPUs that are cores of their own.
  env.TF_NUM_INTRAOP_THREADS ??= env.OMP_NUM_THREADS ?? String(availableParallelism());
  // On by default in TensorFlow, off in PyTorch: with it, fp32 products on newer GPUs have 10 bits.
  env.NVIDIA_TF32_OVERRIDE ??= '0';
  const device = visibleDevice(env, gpuCount());
  if (device !== undefined) env.CUDA_VISIBLE_DEVICES = device;
  const holder = { exports: {} };
  try {
    // oneDNN's greeting comes before TensorFlow has read its log level.
    quietly(() => process.dlopen(holder, path));
  } catch (error) {
    throw new CodecLmError('BACKEND_UNAVAILABLE', `loading ${path}: ${messageOf(error)}`, {
      cause: error,
      path,
      hint: 'delete its folder and run `npx codec-lm setup` again',
    });
  }
  return holder.exports as Binding;
}

/** @throws CodecLmError BACKEND_UNAVAILABLE */
export async function loadNative(installed: Installed): Promise<NativeBackend> {
  const tfjsNode = findTfjsNode();
  if (!tfjsNode) {
    throw new CodecLmError(
      'BACKEND_UNAVAILABLE',
      `${TFJS_NODE} is not here; \`npx codec-lm setup\` fetches it`,
    );
  }
  polyfillUtil();
  // TensorFlow speaks while it is loaded: not before it is known that the rest is here
  const tf = loadTfjs();
  const binding = loadBinding(installed.bindingPath);
  const kernels = createKernelBackend(tfjsNode, binding);
  // The kernels look their backend up by this name.
  tf.registerBackend('tensorflow', () => kernels, 3);
  await tf.setBackend('tensorflow');
  return { tf, ops: nativeOps(binding, kernels), installed, usesGpu: binding.isUsingGpuDevice() };
}

function nativeOps(binding: Binding, kernels: TfjsNodeBackend): NativeOps {
  return {
    binding,
    tensorIds: (tensors) => kernels.getInputTensorIds(tensors),
    adopt: (metadata) => kernels.createOutputTensor(metadata),
    run: (op, attrs, inputs, outputs) => kernels.executeMultipleOutputs(op, attrs, inputs, outputs),
  };
}

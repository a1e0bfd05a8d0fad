/**
 * Runs tfjs-node-gpu's kernels on the addon that set-up compiled. The package's own entry is not
 * used: it looks for its addon in node_modules, which a fresh `npm ci` empties.
 */
import { availableParallelism } from 'node:os';
import type { Tensor, TensorInfo } from '@tensorflow/tfjs';
import { CodecLmError, messageOf } from '../base/error.ts';
import type { Binding, OpAttr, TensorMetadata } from './binding.ts';
import { gpuCount, visibleDevice } from './gpu.ts';
import { findInstalled, type Installed } from './installed.ts';
import { polyfillUtil } from './polyfill.ts';
import { quietly } from './quiet.ts';
import { loadTfjs, type Tfjs } from './tfjs.ts';
import { createKernelBackend, findTfjsNode, TFJS_NODE, type TfjsNodeBackend } from './tfjs-node.ts';

export type { Tfjs };

/** Converts between tfjs tensors and TensorFlow ops. */
export interface NativeOps {
  binding: Binding;
  /** Handles of tensors for `executeOp`. The tensors own them: do not delete them. */
  tensorIds(tensors: TensorInfo[]): number[];
  /**
   * Makes a tensor that owns a handle which `executeOp` returned (only types such as float32, int32
   * and bool).
   */
  adopt(metadata: TensorMetadata): Tensor;
  /**
   * Runs a TensorFlow op on tensors and returns tensors. It has no gradient: see
   * differentiable.ts.
   */
  run(op: string, attrs: OpAttr[], inputs: TensorInfo[], outputs: number): Tensor[];
}

export interface NativeBackend {
  tf: Tfjs;
  ops: NativeOps;
  installed: Installed;
  usesGpu: boolean;
}

/** The installation to load: the CUDA one if a driver shows a GPU, else the CPU one, else any. */
export function pickInstalled(gpus = gpuCount()): Installed | undefined {
  const order = gpus > 0 ? (['gpu', 'cpu'] as const) : (['cpu', 'gpu'] as const);
  return findInstalled(order[0]) ?? findInstalled(order[1]);
}

/** Settings that TensorFlow reads once, while it is loaded; those that are there stay. */
export function prepareEnvironment(env: NodeJS.ProcessEnv = process.env): void {
  // TensorFlow's log of devices and CPU features is for its developers; failures are thrown as
  // exceptions. Without a GPU, the CUDA build logs that as an error.
  env.TF_CPP_MIN_LOG_LEVEL ??= gpuCount() > 0 ? '2' : '3';
  // Without this, the first process on a GPU takes all of its memory.
  env.TF_FORCE_GPU_ALLOW_GROWTH ??= 'true';
  // Off by default on CPUs without AVX-512. With oneDNN, batched products are 2 to 5 times as
  // fast as with Eigen there too, and its allocator keeps large buffers that Eigen maps and unmaps
  // each time.
  env.TF_ENABLE_ONEDNN_OPTS ??= '1';
  // The default is half of the CPUs if they can run two threads per core. Virtual machines often
  // report that although each CPU is a core of its own.
  env.TF_NUM_INTRAOP_THREADS ??= env.OMP_NUM_THREADS ?? String(availableParallelism());
  // On by default in TensorFlow, off in PyTorch: with it, fp32 products on newer GPUs have a
  // mantissa of 10 bits.
  env.NVIDIA_TF32_OVERRIDE ??= '0';
  const device = visibleDevice(env, gpuCount());
  if (device !== undefined) env.CUDA_VISIBLE_DEVICES = device;
}

/**
 * Loads only the addon.
 * @throws CodecLmError BACKEND_UNAVAILABLE
 */
function loadBinding(path: string): Binding {
  prepareEnvironment();
  const holder = { exports: {} };
  try {
    // oneDNN prints a greeting before TensorFlow has read its log level.
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
  // TensorFlow prints while it is loaded, so load it only when the rest has been found.
  const tf = loadTfjs();
  const binding = loadBinding(installed.bindingPath);
  const kernels = createKernelBackend(tfjsNode, binding);
  // The kernels find their backend by this name.
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

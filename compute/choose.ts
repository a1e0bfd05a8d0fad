/** Chooses one backend for the process: native if it is set up, otherwise WebAssembly. */
import { CodecLmError, messageOf } from '../base/error.ts';
import type { Binding } from './binding.ts';
import type { BackendEvent } from './event.ts';
import type { Installed } from './installed.ts';
import { areKernelsWanted, type KernelModule, loadKernels } from './kernels.ts';
import { loadNative, type NativeOps, pickInstalled, type Tfjs } from './native.ts';
import { loadWasm } from './wasm.ts';

export type BackendName = 'native' | 'wasm';
export type BackendChoice = 'auto' | BackendName;

export interface Backend {
  name: BackendName;
  /** The instance of tfjs that has this backend; take tfjs from here instead of importing it. */
  tf: Tfjs;
  /** One line for people: the backend that runs, and why. */
  reason: string;
  versions: { tfjs: string; libtensorflow?: string };
  device: 'cpu' | 'gpu';
  /** Any TensorFlow op on raw handles: bf16, resource variables. Native only. */
  executeOp?: Binding['executeOp'];
  /** The same with tfjs tensors for inputs and outputs. Native only. */
  native?: NativeOps;
  /** Whether this project's own kernels are there (compute/kernels.ts). Native on CPUs only. */
  hasKernels: boolean;
  /** Beside the kernels: see `KernelModule`. */
  setMessage?: KernelModule['setMessage'];
}

export interface ChooseOptions {
  /** Default: CODEC_LM_BACKEND, else `auto`. */
  backend?: BackendChoice;
  /** Called once per process with the backend that was chosen. */
  onEvent?: (event: BackendEvent) => void;
}

const CHOICES: readonly string[] = ['auto', 'native', 'wasm'] satisfies BackendChoice[];

/**
 * tfjs has one global engine, so a process has one backend, however often this function is called.
 */
let chosen: Promise<Backend> | undefined;

/**
 * @throws CodecLmError CONFIG_INVALID for an unknown name; BACKEND_UNAVAILABLE when `native` was
 *   requested by name but is not set up, or when the other backend already runs in this process
 */
export async function chooseBackend(options: ChooseOptions = {}): Promise<Backend> {
  const wanted = options.backend ?? backendFromEnv();
  if (!chosen) {
    const starting = start(wanted).then((backend) => {
      const { name, device, reason } = backend;
      options.onEvent?.({ type: 'backend', name, device, reason });
      return backend;
    });
    chosen = starting;
    starting.catch(() => {
      chosen = undefined;
    });
  }
  const backend = await chosen;
  if (wanted !== 'auto' && backend.name !== wanted) {
    throw new CodecLmError(
      'BACKEND_UNAVAILABLE',
      `the ${wanted} backend was requested, but ${backend.name} already runs in this process`,
      { hint: 'choose one backend per process' },
    );
  }
  return backend;
}

/** @throws CodecLmError CONFIG_INVALID */
export function backendFromEnv(env: NodeJS.ProcessEnv = process.env): BackendChoice {
  const value = env.CODEC_LM_BACKEND || 'auto';
  if (!CHOICES.includes(value)) {
    throw new CodecLmError(
      'CONFIG_INVALID',
      `CODEC_LM_BACKEND is '${value}'; it can be ${CHOICES.join(', ')}`,
    );
  }
  return value as BackendChoice;
}

async function start(wanted: BackendChoice): Promise<Backend> {
  const areWanted = areKernelsWanted();
  if (wanted === 'wasm') return startWasm('it was requested');
  const installed = pickInstalled();
  if (!installed) {
    const why = 'the native backend is not set up here';
    if (wanted === 'auto') return startWasm(`${why}; \`npx codec-lm setup\` installs it`);
    throw new CodecLmError('BACKEND_UNAVAILABLE', why, { hint: 'run `npx codec-lm setup`' });
  }
  try {
    const { tf, ops, usesGpu } = await loadNative(installed);
    const libtensorflow = ops.binding.TF_Version;
    const device = usesGpu ? 'gpu' : 'cpu';
    const kernels = device === 'cpu' && areWanted ? kernelsOf(installed) : NO_KERNELS;
    return {
      name: 'native',
      tf,
      reason: `backend: native, libtensorflow ${libtensorflow} on the ${device.toUpperCase()} (${installed.source})${kernels.note}`,
      versions: { tfjs: tf.version.tfjs, libtensorflow },
      device,
      executeOp: (op, attrs, inputs, outputs) => ops.binding.executeOp(op, attrs, inputs, outputs),
      native: ops,
      hasKernels: kernels.module !== undefined,
      setMessage: kernels.module?.setMessage,
    };
  } catch (error) {
    if (wanted === 'native') throw error;
    return startWasm(`the native backend failed to load: ${messageOf(error)}`);
  }
}

const NO_KERNELS: { module?: KernelModule; note: string } = { note: '' };

/** Without kernels the same is computed by TensorFlow's own ops; the note says why it is slower. */
function kernelsOf(installed: Installed): typeof NO_KERNELS {
  try {
    const module = loadKernels(installed);
    return module ? { module, note: ', with kernels for this CPU' } : NO_KERNELS;
  } catch (error) {
    return { note: `, without kernels for this CPU: ${messageOf(error)}` };
  }
}

async function startWasm(why: string): Promise<Backend> {
  const { tf, simd } = await loadWasm();
  return {
    name: 'wasm',
    tf,
    reason: `backend: wasm${simd ? ' with SIMD' : ''}, slower than native, because ${why}`,
    versions: { tfjs: tf.version.tfjs },
    device: 'cpu',
    hasKernels: false,
  };
}

/**
 * Kernels of this project for TensorFlow on CPUs (compute/kernels): ops that would otherwise be several,
 * each with a pass over memory. Set-up compiles them for the CPU that it runs on; without them the same
 * is computed by TensorFlow's own ops.
 */
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CodecLmError, messageOf } from '../base/error.ts';
import { cacheDir, type Installed, TENSORFLOW_VERSION } from './installed.ts';

/** Folder of the C++ sources. */
export const KERNEL_SOURCES = fileURLToPath(new URL('kernels/', import.meta.url));

export const KERNELS_FILE = 'codec_lm_kernels.node';

/** Vector instructions are taken from the CPU that compiles, hence the key below. */
export const KERNEL_FLAGS = [
  ...['-std=c++17', '-O3', '-march=native', '-fPIC', '-fvisibility=hidden', '-w'],
  // For loops to become vectors; results stay what the source says.
  ...['-fno-math-errno', '-fno-trapping-math', '-fopenmp-simd'],
];

/**
 * Folder of the compiled kernels. Its name contains a hash of everything that decides whether they fit:
 * the sources, the flags, TensorFlow, and what the CPU can do.
 */
export function kernelsDir(env: NodeJS.ProcessEnv = process.env): string {
  const hash = createHash('sha256');
  const names = readdirSync(KERNEL_SOURCES).sort();
  for (const name of names) hash.update(name).update(readFileSync(join(KERNEL_SOURCES, name)));
  const host = [process.platform, process.arch, cpuFeatures()];
  hash.update([...KERNEL_FLAGS, TENSORFLOW_VERSION, ...host].join('\n'));
  return join(cacheDir(env), `tensorflow-kernels-${hash.digest('hex').slice(0, 16)}`);
}

/** Whether kernels could be compiled for an installation, a current TensorFlow on CPUs of Linux, and were not. */
export function lacksKernels(installed: Installed, env: NodeJS.ProcessEnv = process.env): boolean {
  return canHaveKernels(installed) && !hasFile(kernelsDir(env));
}

function canHaveKernels({ variant, libtensorflow }: Installed): boolean {
  return process.platform === 'linux' && variant === 'cpu' && libtensorflow === TENSORFLOW_VERSION;
}

/** What the compiled module has besides the ops that it registers. */
export interface KernelModule {
  /** Names the array that the next `CodecLmCopyOut` fills or `CodecLmCopyIn` reads, whole. */
  setMessage(values: Float32Array): void;
}

/**
 * Registers the kernels with TensorFlow, which has to be loaded.
 * @returns undefined where they have not been compiled
 * @throws CodecLmError `BACKEND_UNAVAILABLE` when they are there and do not load
 */
export function loadKernels(
  installed: Installed,
  env: NodeJS.ProcessEnv = process.env,
): KernelModule | undefined {
  const dir = kernelsDir(env);
  if (!canHaveKernels(installed) || !hasFile(dir)) return undefined;
  const path = join(dir, KERNELS_FILE);
  try {
    const module = { exports: {} };
    process.dlopen(module, path);
    return module.exports as KernelModule;
  } catch (error) {
    throw new CodecLmError('BACKEND_UNAVAILABLE', `loading ${path}: ${messageOf(error)}`, {
      cause: error,
      path,
      hint: 'delete its folder and run `npx codec-lm setup` again, or set CODEC_LM_KERNELS=off',
    });
  }
}

/**
 * `CODEC_LM_KERNELS=off` leaves them out, for comparisons.
 * @throws CodecLmError `CONFIG_INVALID`
 */
export function areKernelsWanted(
  { CODEC_LM_KERNELS: value }: NodeJS.ProcessEnv = process.env,
): boolean {
  if (!value || value === 'auto' || value === 'off') return value !== 'off';
  throw new CodecLmError('CONFIG_INVALID', `CODEC_LM_KERNELS is '${value}'; it can be auto, off`);
}

function hasFile(dir: string): boolean {
  return existsSync(join(dir, KERNELS_FILE));
}

/** Linux lists every feature of the CPU; the model's name stands in for it elsewhere. */
function cpuFeatures(): string {
  try {
    const text = readFileSync('/proc/cpuinfo', 'utf8');
    const line = text.match(/^(?:flags|Features)\s*:\s*(.+)$/m)?.[1];
    if (line) return line;
  } catch {
    // Not Linux.
  }
  return cpus()[0]?.model ?? '';
}

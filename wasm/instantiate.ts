/** Makes kernels runnable: assembles and compiles them, and links them to their memory. */
import { assemble, type FunctionSpec, type MemoryLimits } from './assembler.ts';

/** Bytes of a WebAssembly memory page. */
export const PAGE_BYTES = 65_536;

/**
 * @param limits limits of the memory that the module will be linked to; that memory may not be
 * larger
 */
export function compileModule(
  functions: readonly FunctionSpec[],
  limits: MemoryLimits,
): WebAssembly.Module {
  return new WebAssembly.Module(assemble(functions, limits));
}

/**
 * @typeParam Kernels the exports of the module: a function for each name
 * @returns the kernels, which work on this memory
 */
export function linkModule<Kernels>(
  module: WebAssembly.Module,
  memory: WebAssembly.Memory<boolean>,
): Kernels {
  return new WebAssembly.Instance(module, { env: { memory } }).exports as Kernels;
}

/** Compiles for one memory and links to it. */
export function instantiate<Kernels>(
  functions: readonly FunctionSpec[],
  memory: WebAssembly.Memory<boolean>,
  limits: MemoryLimits = limitsOf(memory),
): Kernels {
  return linkModule<Kernels>(compileModule(functions, limits), memory);
}

/** Limits of a memory of fixed size. */
function limitsOf({ buffer }: WebAssembly.Memory<boolean>): MemoryLimits {
  return {
    maxPages: buffer.byteLength / PAGE_BYTES,
    shared: buffer instanceof SharedArrayBuffer,
  };
}

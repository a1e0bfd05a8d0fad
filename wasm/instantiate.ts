/** Kernels made runnable: assembled, compiled, and linked to the memory that they work on. */
import { assemble, type FunctionSpec, type MemoryLimits } from './assembler.ts';

/** WebAssembly counts memory in pages of this many bytes. */
export const PAGE_BYTES = 65_536;

/** @param limits of the memory that the module will be linked to: none may be larger */
export function compileModule(
  functions: readonly FunctionSpec[],
  limits: MemoryLimits,
): WebAssembly.Module {
  return new WebAssembly.Module(assemble(functions, limits));
}

/**
 * @typeParam Kernels what the module exports: a function for each name
 * @returns the kernels, working on this memory
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

/** Limits of a memory that does not grow. */
function limitsOf({ buffer }: WebAssembly.Memory<boolean>): MemoryLimits {
  return {
    maxPages: buffer.byteLength / PAGE_BYTES,
    shared: buffer instanceof SharedArrayBuffer,
  };
}

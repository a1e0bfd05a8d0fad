/** Where a WebAssembly memory lies, for functions of libraries. */

export type Koffi = typeof import('koffi');

/** memmove gives back the address of what it moves to; here it moves nothing. */
export function addressOf(koffi: Koffi, memory: WebAssembly.Memory): number {
  const memmove = koffi.load(null).func('memmove', 'uintptr_t', ['void *', 'void *', 'size_t']);
  const first = new Uint8Array(memory.buffer, 0, 1);
  return memmove(first, first, 0) as number;
}

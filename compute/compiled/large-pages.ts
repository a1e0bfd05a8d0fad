/**
 * Asks Linux for pages of 2 MiB in a WebAssembly memory. Weights are read from the beginning to the end for each token,
 * and with pages of 4 KiB the processor looks up one every 64 lines, and its prefetch stops there.
 */
import { loadOptional } from '../../base/optional.ts';
import { addressOf, type Koffi } from './address.ts';

/** MADV_HUGEPAGE of <sys/mman.h> on Linux. */
const HUGE_PAGE = 14;

/**
 * Takes effect for what nobody has written to yet. It is advice: a system that does not know it refuses, and everything
 * works as before.
 * @param bytes from the beginning of the memory
 */
export function adviseLargePages(memory: WebAssembly.Memory, bytes: number): void {
  const koffi = loadOptional<Koffi>('koffi', 'large pages');
  const advise = koffi.load(null).func('madvise', 'int', ['uintptr_t', 'size_t', 'int']);
  advise(addressOf(koffi, memory), bytes, HUGE_PAGE);
}

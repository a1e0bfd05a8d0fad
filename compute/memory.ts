/** Memory of the process that nothing uses any more. */
import { createRequire } from 'node:module';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { hasOptional } from '../base/optional.ts';

const require = createRequire(import.meta.url);

/**
 * Gives freed memory back to the system: to be called between stages that need it for different things.
 * Arrays of megabytes that come and go leave holes in the heap of C, which glibc keeps.
 * Only with glibc and `koffi`; elsewhere nothing happens.
 */
export function giveBackMemory(): void {
  if (process.platform !== 'linux' || !hasOptional('koffi')) return;
  collectGarbage();
  try {
    const koffi = require('koffi') as typeof import('koffi');
    koffi.load(null).func('malloc_trim', 'int', ['size_t'])(0);
  } catch {
    // Another C library, which has no such function.
  }
}

/** Arrays that V8 has not let go of yet are not free for C. */
function collectGarbage(): void {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
  setFlagsFromString('--no-expose-gc');
}

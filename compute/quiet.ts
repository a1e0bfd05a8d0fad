/** Silences libraries that write to stderr while they are loaded, whatever their log level is. */
import { closeSync, openSync } from 'node:fs';
import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);

const STDERR = 2;

/**
 * Runs `load` and discards what C code writes to stderr meanwhile. It needs the optional package
 * `koffi`; without it, `load` just runs.
 */
export function quietly<Result>(load: () => Result): Result {
  const descriptors = descriptorCalls();
  if (!descriptors) return load();
  const saved = descriptors.dup(STDERR);
  if (saved < 0) return load();
  try {
    const sink = openSync('/dev/null', 'w');
    descriptors.dup2(sink, STDERR);
    closeSync(sink);
    return load();
  } finally {
    descriptors.dup2(saved, STDERR);
    closeSync(saved);
  }
}

interface DescriptorCalls {
  dup(descriptor: number): number;
  dup2(from: number, to: number): number;
}

function descriptorCalls(): DescriptorCalls | undefined {
  if (process.platform === 'win32') return undefined;
  try {
    const koffi = require('koffi') as typeof import('koffi');
    const libc = koffi.load(null);
    return {
      dup: libc.func('int dup(int)'),
      dup2: libc.func('int dup2(int, int)'),
    };
  } catch {
    return undefined;
  }
}

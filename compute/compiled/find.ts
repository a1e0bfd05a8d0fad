/** Where `codec-lm setup` leaves the compiled kernels of the decoder, and whether they run here. */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { hasOptional } from '../../base/optional.ts';
import { cacheDir } from '../installed.ts';
import { isSupported } from './link.ts';

const FILES = ['common.h', 'products.cpp', 'attention.cpp'].map((name) =>
  fileURLToPath(new URL(name, import.meta.url)),
);
export const DECODER_SOURCES = FILES.filter((path) => path.endsWith('.cpp'));

/** Sums are those of WebAssembly to the last bit only without fused multiply-add. */
export const DECODER_FLAGS = [
  ...['-std=c++17', '-O3', '-fPIC', '-shared', '-w', '-fvisibility=hidden', '-ffp-contract=off'],
  ...['-mavx512f', '-mavx512bw', '-mavx512dq', '-mavx512vl', '-mavx512vnni', '-mf16c'],
];

/** The library's name contains everything that it was made from, so an older one is never taken. */
export function compiledFile(): string {
  const hash = createHash('sha256');
  for (const path of FILES) hash.update(readFileSync(path));
  for (const flag of DECODER_FLAGS) hash.update(flag);
  const key = [hash.digest('hex').slice(0, 16), process.platform, process.arch];
  return join(cacheDir(), `decoder-${key.join('-')}.so`);
}

/** Whether there is something to compile for this kind of processor and system. */
function isForThisMachine(): boolean {
  return process.arch === 'x64' && process.platform === 'linux';
}

/** Whether set-up has nothing left to compile. */
export function isCompiled(): boolean {
  return !isForThisMachine() || existsSync(compiledFile());
}

let found: { path?: string } | undefined;

/** @returns the path of the library, if it is set up and this processor has its instructions */
export function findCompiled(): string | undefined {
  found ??= { path: search() };
  return found.path;
}

function search(): string | undefined {
  if (!isForThisMachine() || !hasOptional('koffi')) return undefined;
  const path = compiledFile();
  return existsSync(path) && isSupported(path) ? path : undefined;
}

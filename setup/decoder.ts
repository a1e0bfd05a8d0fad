/** Compiles the decoder's kernels (compute/compiled/) for processors with AVX-512. */
import { mkdtemp, rename, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { writeError } from '../base/file-error.ts';
import {
  compiledFile,
  DECODER_FLAGS,
  DECODER_SOURCES,
  isCompiled,
} from '../compute/compiled/find.ts';
import { findCompiler } from './compile.ts';
import { runTool } from './tool.ts';

const TIMEOUT_MS = 2 * 60_000;

/**
 * Takes two seconds, and does nothing where the library is there already or of no use. The cache folder exists.
 * @throws CodecLmError `TOOL_MISSING` without a compiler; `BACKEND_UNAVAILABLE` when it fails;
 *   `OUTPUT_UNWRITABLE`, `DISK_FULL`; `INTERRUPTED`
 */
export async function installDecoder(signal?: AbortSignal): Promise<void> {
  if (isCompiled()) return;
  const compiler = await findCompiler(signal);
  const to = compiledFile();
  const temporary = await mkdtemp(`${to}.tmp-`).catch((error) => {
    throw writeError(error, to, 'creating');
  });
  try {
    const made = join(temporary, basename(to));
    const options = { signal, timeoutMs: TIMEOUT_MS };
    await runTool(compiler, [...DECODER_FLAGS, ...DECODER_SOURCES, '-o', made], options);
    // Another set-up may have been faster; it has made the same file.
    await rename(made, to);
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
}

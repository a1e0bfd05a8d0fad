/** Compiles this project's own kernels for TensorFlow on CPUs (compute/kernels). */
import { mkdtemp, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { systemCode } from '../base/error.ts';
import type { Installed } from '../compute/installed.ts';
import {
  KERNEL_FLAGS,
  KERNEL_SOURCES,
  KERNELS_FILE,
  kernelsDir,
  lacksKernels,
} from '../compute/kernels.ts';
import { findCompiler } from './compile.ts';
import { runTool } from './tool.ts';

interface Context {
  log(line: string): void;
  signal?: AbortSignal;
}

/**
 * Compiles the kernels, unless they are there or the installation can have none. The folder appears as a whole, after the result was loaded
 * in a process of its own.
 * @throws CodecLmError `TOOL_MISSING` without a compiler; `BACKEND_UNAVAILABLE` when it fails; `INTERRUPTED`
 */
export async function compileKernels(installed: Installed, context: Context): Promise<void> {
  if (!lacksKernels(installed)) return;
  const dir = kernelsDir();
  const { signal } = context;
  const compiler = await findCompiler(signal);
  context.log('compiling kernels for this CPU');
  const temporary = await mkdtemp(`${dir}.tmp-`);
  try {
    const sources = (await readdir(KERNEL_SOURCES)).filter((name) => name.endsWith('.cc'));
    const output = join(temporary, KERNELS_FILE);
    await runTool(
      compiler,
      [
        ...KERNEL_FLAGS,
        ...['-shared', '-pthread', ...sources.map((name) => join(KERNEL_SOURCES, name))],
        ...[join(installed.dir, 'tensorflow', 'libtensorflow_framework.so.2'), '-o', output],
      ],
      { signal, timeoutMs: 10 * 60_000 },
    );
    await check(installed.bindingPath, output, signal);
    await rename(temporary, dir).catch((error) => {
      // Another set-up was faster.
      if (systemCode(error) !== 'ENOTEMPTY' && systemCode(error) !== 'EEXIST') throw error;
    });
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
}

const LOAD = `
for (const path of process.argv.slice(1)) process.dlopen({ exports: {} }, path);
`;

/** Loads the kernels in a process of its own, so that a crash happens here and not in a training run. */
async function check(binding: string, kernels: string, signal?: AbortSignal): Promise<void> {
  await runTool(process.execPath, ['-e', LOAD, binding, kernels], {
    signal,
    timeoutMs: 3 * 60_000,
    env: { TF_CPP_MIN_LOG_LEVEL: '2' },
  });
}

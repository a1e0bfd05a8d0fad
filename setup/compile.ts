/** Compiles tfjs-node's addon (two C++ files, C++17) against a libtensorflow and Node-API's headers alone. */
import { mkdir, readdir } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { CodecLmError } from '../base/error.ts';
import { loadOptional } from '../base/optional.ts';
import { runTool } from './tool.ts';

const HINT = 'install a C++ compiler (Debian: apt-get install g++), or name one in CXX';

/** The newest Node-API that tfjs-node 4.22 requires. */
const NAPI_VERSION = 8;

export interface CompileInput {
  /** Folder of the tfjs-node package. */
  packageDir: string;
  /** Folder that contains `tensorflow/c/c_api.h`. */
  includeDir: string;
  libraryDir: string;
  /** File names in `libraryDir`. */
  libraries: string[];
  /** Path of the addon; the libraries are found relative to it, so both may move together. */
  output: string;
  signal?: AbortSignal;
}

/** @throws CodecLmError TOOL_MISSING without a compiler; BACKEND_UNAVAILABLE when it fails */
export async function compileBinding(input: CompileInput): Promise<void> {
  const compiler = await findCompiler(input.signal);
  const sourceDir = join(input.packageDir, 'binding');
  const sources = (await readdir(sourceDir)).filter((file) => file.endsWith('.cc'));
  await mkdir(dirname(input.output), { recursive: true });
  await runTool(
    compiler,
    [
      ...['-std=c++17', '-O2', '-fPIC', '-w', `-DNAPI_VERSION=${NAPI_VERSION}`],
      ...platformFlags(relative(dirname(input.output), input.libraryDir)),
      ...['-I', input.includeDir, '-I', headersDir()],
      ...sources.map((file) => join(sourceDir, file)),
      ...input.libraries.map((file) => join(input.libraryDir, file)),
      ...['-o', input.output],
    ],
    { signal: input.signal, timeoutMs: 10 * 60_000 },
  );
}

function headersDir(): string {
  const name = 'node-api-headers';
  return loadOptional<{ include_dir: string }>(name, 'compilers').include_dir;
}

function platformFlags(libraries: string): string[] {
  return process.platform === 'darwin'
    ? ['-bundle', '-undefined', 'dynamic_lookup', `-Wl,-rpath,@loader_path/${libraries}`]
    : ['-shared', `-Wl,-rpath,$ORIGIN/${libraries}`];
}

/** @throws CodecLmError TOOL_MISSING */
export async function findCompiler(signal?: AbortSignal): Promise<string> {
  const candidates = process.env.CXX ? [process.env.CXX] : ['g++', 'c++', 'clang++'];
  for (const candidate of candidates) {
    try {
      await runTool(candidate, ['--version'], { signal, timeoutMs: 30_000 });
      return candidate;
    } catch (error) {
      if (!(error instanceof CodecLmError) || error.code === 'INTERRUPTED') throw error;
    }
  }
  throw new CodecLmError('TOOL_MISSING', `no C++ compiler here (tried ${candidates.join(', ')})`, {
    hint: HINT,
  });
}

const LOAD = `
const addon = { exports: {} };
process.dlopen(addon, process.argv[1]);
addon.exports.isUsingGpuDevice();
process.stdout.write(addon.exports.TF_Version);
`;

/**
 * Loads the addon in a separate process, so that a crash happens here and not in a training run.
 * @returns the version that libtensorflow reports
 */
export async function checkBinding(path: string, signal?: AbortSignal): Promise<string> {
  return runTool(process.execPath, ['-e', LOAD, path], {
    signal,
    timeoutMs: 3 * 60_000,
    env: { TF_CPP_MIN_LOG_LEVEL: '2' },
  });
}

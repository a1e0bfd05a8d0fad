/** `codec-lm setup`: sets up the native backend, or prints one line that says why it could not. */
import { z } from 'zod';
import { CodecLmError } from '../base/error.ts';
import { command } from '../cli/command.ts';
import { backendFromEnv } from '../compute/choose.ts';
import { findCompiled } from '../compute/compiled/find.ts';
import { gpuCount } from '../compute/gpu.ts';
import { findInstalled } from '../compute/installed.ts';

export const setup = command({
  name: 'setup',
  summary: 'Set up the native compute backend; does nothing when it is already set up',
  options: z.object({
    gpu: z
      .boolean()
      .default(false)
      .describe('Set up the CUDA build with its libraries (3.4 GB download)'),
    backend: z
      .enum(['auto', 'native', 'wasm'])
      .optional()
      .describe(
        'Backend to set up: auto uses native if possible, native fails otherwise, wasm sets nothing up',
      ),
    json: z.boolean().default(false).describe('Print the outcome as JSON'),
  }),
  examples: ['codec-lm setup', 'codec-lm setup --gpu'],
  async run(_positionals, options, io) {
    const backend = options.backend ?? backendFromEnv();
    if (backend === 'wasm') {
      io.log('setup: the wasm backend was requested; the native one is not set up');
      if (options.json) io.printJson({ backend: 'wasm' });
      return 0;
    }
    const variant = options.gpu ? 'gpu' : 'cpu';
    const { installWhole } = await import('./whole.ts');
    const { installed, failures, already } = await installWhole({
      variant,
      log: (line) => io.log(`setup: ${line}`),
      progress: io.progress,
      signal: io.signal,
    });
    if (!installed) {
      const why = failures
        .map(
          ({ route, error }) => `${route}: ${error.message}${error.hint ? ` (${error.hint})` : ''}`,
        )
        .join('; ');
      if (backend === 'native') {
        throw new CodecLmError('BACKEND_UNAVAILABLE', `no native backend could be set up: ${why}`);
      }
      io.log(`setup: the wasm backend will be used, slower than native, because: ${why}`);
      if (options.json) io.printJson({ backend: 'wasm', why });
      return 0;
    }
    for (const { route, error } of failures) io.log(`setup: ${route}: ${error.message}`);
    const version = `libtensorflow ${installed.libtensorflow} (${installed.source})`;
    io.log(`setup: native backend ${already ? 'is there' : 'set up'}: ${version}`);
    const { installDecoder } = await import('./decoder.ts');
    try {
      await installDecoder(io.signal);
    } catch (error) {
      if (!(error instanceof CodecLmError) || error.code === 'INTERRUPTED') throw error;
      io.log(`setup: samplers compute by WebAssembly, because: ${error.message}`);
    }
    if (findCompiled()) io.log('setup: samplers compute by AVX-512');
    const { compileKernels } = await import('./kernels.ts');
    try {
      await compileKernels(installed, {
        log: (line) => io.log(`setup: ${line}`),
        signal: io.signal,
      });
    } catch (error) {
      if (!(error instanceof CodecLmError) || error.code === 'INTERRUPTED') throw error;
      io.log(`setup: training will be slower, because kernels were not compiled: ${error.message}`);
    }
    if (variant === 'cpu' && gpuCount() > 0 && !findInstalled('gpu')) {
      io.log('setup: an NVIDIA GPU is here; `npx codec-lm setup --gpu` makes use of it');
    }
    if (options.json) io.printJson({ backend: 'native', ...installed });
    return 0;
  },
});

/**
 * `npm run test:gpu`: the trainer's tests on a GPU, and the speed of a training step there. Without
 * a GPU, or without the CUDA build, it says what is missing and that all was skipped.
 */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { gpuCount } from '../compute/gpu.ts';
import { findInstalled } from '../compute/installed.ts';

const ROOT = join(import.meta.dirname, '..');
/** 26 M parameters, 12,288 tokens: large enough that a GPU has something to do. */
const BENCH = [
  ...['--hidden', '512', '--layers', '8', '--heads', '8', '--intermediate', '1408'],
  ...['--batch', '24', '--time', '512', '--steps', '6'],
];

const missing = whatIsMissing();
if (missing) console.log(`skipped: all tests and benchmarks on a GPU: ${missing}`);
else process.exitCode = runAll();

function whatIsMissing(): string | undefined {
  if (gpuCount() === 0) return "NVIDIA's driver shows no GPU on this machine";
  if (!findInstalled('gpu')) return 'the CUDA build is not set up: `npx codec-lm setup --gpu`';
  return undefined;
}

/** @returns the first exit code that is not 0 */
function runAll(): number {
  const tests = join(ROOT, 'node_modules/ava/entrypoints/cli.mjs');
  // One process at a time: several would share the GPU's memory.
  const tested = run(tests, '--concurrency=1', 'test/trainer', 'test/bench');
  if (tested !== 0) return tested;
  for (const bf16 of ['0', '1']) {
    const code = run('bin/start.js', 'bench/train-step.ts', ...BENCH, '--bf16', bf16);
    if (code !== 0) return code;
  }
  return 0;
}

function run(...args: string[]): number {
  const env = { ...process.env, CODEC_LM_BACKEND: 'native', CODEC_LM_TEST_GPU: '1' };
  const { status } = spawnSync(process.execPath, args, { cwd: ROOT, env, stdio: 'inherit' });
  return status ?? 1;
}

/** Measures the memory of learning from outside, on the samples that take most. */
import { fileURLToPath } from 'node:url';
import test, { type ExecutionContext } from 'ava';
import { execa } from 'execa';
import { learningMemory } from '../../../../tokenizer/bpe/learn/memory.ts';
import { testLong } from '../../../helpers/tools.ts';

const SCRIPT = fileURLToPath(new URL('learn-process.ts', import.meta.url));
/** Compiled code and the collector's own, which no sample is to blame for. */
const PROCESS_BYTES = 48 * 2 ** 20;

async function checkPeak(t: ExecutionContext, kind: string, bytes: number, merges: number) {
  const args = ['--import=tsx', SCRIPT, kind, String(bytes), String(merges)];
  const { stdout } = await execa('node', args);
  const { learned, peak, learning } = JSON.parse(stdout);
  const estimate = learningMemory(bytes, 1, merges);
  const mib = (size: number) => `${Math.round(size / 2 ** 20)} MiB`;
  t.log(`${kind}: ${learned} merges, ${mib(learning)} of ${mib(estimate)}, process ${mib(peak)}`);
  t.true(learned > 0);
  t.true(learning < estimate + PROCESS_BYTES);
  return peak;
}

for (const kind of ['two symbols', 'skewed']) {
  test(`learning from 8 MB takes at most the estimate and 48 MiB of the process's own: ${kind}`, async (t) => {
    await checkPeak(t, kind, 8_000_000, 320);
  });
}

for (const kind of ['zeros', 'two symbols', 'noise', 'skewed']) {
  testLong(`a process that learns from 64 MB stays under 1.5 GB: ${kind}`, async (t) => {
    t.timeout(600_000);
    for (const merges of [320, 1024]) {
      t.true((await checkPeak(t, kind, 64_000_000, merges)) < 1.5e9);
    }
  });
}

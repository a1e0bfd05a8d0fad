/** Memory that was freed leaves the process; arrays in use are left alone. */
import { hasOptional } from '../../base/optional.ts';
import { giveBackMemory } from '../../compute/memory.ts';
import { testIf } from '../helpers/tools.ts';

const MIB = 2 ** 20;
const isGlibc = Boolean(
  (process.report.getReport() as { header: { glibcVersionRuntime?: string } }).header
    .glibcVersionRuntime,
);

testIf(
  isGlibc && hasOptional('koffi'),
  'the C library is not glibc, or koffi is not installed',
  'freed arrays are given back, also between those that stay',
  (t) => {
    const kept: Uint8Array[] = [];
    const before = process.memoryUsage.rss();
    fill(kept);
    const full = process.memoryUsage.rss();
    giveBackMemory();
    const after = process.memoryUsage.rss();
    t.true(full - before > 90 * MIB, `${(full - before) / MIB} MiB`);
    t.true(full - after > 60 * MIB, `${(full - after) / MIB} MiB of ${(full - before) / MIB}`);
    t.true(kept.every((array, i) => array.every((byte) => byte === i)));
    t.is((globalThis as { gc?: unknown }).gc, undefined);
  },
);

/** Arrays below the size that C maps one by one, of which every eighth stays. */
function fill(kept: Uint8Array[]): void {
  const all = Array.from({ length: 1600 }, (_, i) => new Uint8Array(64 * 1024).fill(i >> 3));
  kept.push(...all.filter((_, i) => i % 8 === 0));
}

/** Large pages are asked for where weights lie, and nowhere else. */
import { readFile } from 'node:fs/promises';
import { loadOptional } from '../../../base/optional.ts';
import { addressOf, type Koffi } from '../../../compute/compiled/address.ts';
import { findCompiled } from '../../../compute/compiled/find.ts';
import { adviseLargePages } from '../../../compute/compiled/large-pages.ts';
import { PAGE_BYTES } from '../../../wasm/instantiate.ts';
import { testIf } from '../../helpers/tools.ts';

const PAGES = 256;
const BYTES = 100 * PAGE_BYTES;
const HAS_THEM = '/sys/kernel/mm/transparent_hugepage/enabled';

/** The flags that the kernel has for a mapping, `rd wr mr ... hg`, by an address in it. */
async function flagsAt(address: number): Promise<string[]> {
  const smaps = await readFile('/proc/self/smaps', 'utf8');
  for (const mapping of smaps.split(/^(?=[0-9a-f]+-[0-9a-f]+ )/m)) {
    const [from, to] = mapping.split(/[- ]/, 2).map((hex) => Number.parseInt(hex, 16));
    if (address < from || address >= to) continue;
    return /^VmFlags: (.*)$/m.exec(mapping)![1].split(' ');
  }
  throw new Error(`nothing is mapped at ${address}`);
}

const hasThem = await readFile(HAS_THEM).then(
  () => true,
  () => false,
);

const why = 'no compiled kernels, or a system without large pages';
testIf(!!findCompiled() && hasThem, why, 'a part of a memory gets large pages', async (t) => {
  const memory = new WebAssembly.Memory({ initial: PAGES, maximum: PAGES, shared: true });
  const address = addressOf(loadOptional<Koffi>('koffi', 'tests'), memory);
  t.false((await flagsAt(address)).includes('hg'));
  adviseLargePages(memory, BYTES);
  t.true((await flagsAt(address)).includes('hg'));
  t.true((await flagsAt(address + BYTES - 1)).includes('hg'));
  t.false((await flagsAt(address + BYTES)).includes('hg'));
  // It stays memory like any other.
  const numbers = new Uint8Array(memory.buffer);
  numbers.fill(7);
  t.true(numbers.every((number) => number === 7));
});

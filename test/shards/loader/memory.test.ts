/** The loader holds a window, whatever the size of the dataset. */
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import type { ShardEntry } from '../../../schemas/dataset.ts';
import { ShardPool } from '../../../shards/dataset/pool.ts';
import { Loader } from '../../../shards/loader/loader.ts';
import type { RowGroupPlace } from '../../../shards/parquet/footer.ts';
import { GroupCache, KeptBytes } from '../../../shards/parquet/kept-bytes.ts';
import { writeSequenceShard } from '../../../shards/parquet/writer.ts';
import { header, makeDataset } from '../../helpers/dataset.ts';
import { temporaryFolder } from '../../helpers/temporary.ts';
import { testLong } from '../../helpers/tools.ts';

const SEQ_LEN = 12_288;
const ROWS = 128;
const MB = 2 ** 20;

/** Peak of what lies outside of the heap, in bytes, while all batches are taken. */
async function peakOf(t: ExecutionContext, shards: number): Promise<number> {
  const dir = await temporaryFolder(t);
  const base = await makeDataset(dir, [[1, 2, 3]], { seqLen: SEQ_LEN });
  const entries: ShardEntry[] = [];
  for (let i = 0; i < shards; i++) {
    const rows = Array.from({ length: ROWS }, (_, row) => ({
      ids: Uint16Array.from({ length: SEQ_LEN }, (_, at) => (at * 7 + row * 31 + i) % 256),
      docIds: Int32Array.of(i * ROWS + row),
      docStarts: Int32Array.of(0),
    }));
    const own = { ...header, seqLen: SEQ_LEN, partition: i, tokenizerHash: base.tokenizerHash };
    const path = join(dir, 'shards', `part-${String(i).padStart(5, '0')}.parquet`);
    entries.push(await writeSequenceShard(path, rows, own));
  }
  const manifest = { ...base, shards: entries };
  const pool = new ShardPool(dir, manifest);
  const loader = new Loader(manifest, pool, { microBatch: 2, epochs: 1 });
  let peak = 0;
  let taken = 0;
  globalThis.gc!();
  const before = process.memoryUsage().arrayBuffers;
  for await (const _ of loader) {
    if (taken++ % 16 > 0) continue;
    globalThis.gc!();
    peak = Math.max(peak, process.memoryUsage().arrayBuffers - before);
  }
  await pool.close();
  t.is(taken, (shards * ROWS) / 2);
  return peak;
}

test('row groups are kept up to 32 MiB, those used last, and a failed read is not', async (t) => {
  const cache = new GroupCache();
  const nothing = () => undefined;
  const groups = Array.from({ length: 50 }, () => ({}) as RowGroupPlace);
  let reads = 0;
  const read = async () => {
    reads++;
    return Buffer.alloc(1);
  };
  for (const group of groups) {
    await cache.use(group, MB, read, nothing);
    await cache.use(groups[0], MB, read, nothing);
  }
  t.is(reads, 50);
  for (const group of groups.slice(-31)) await cache.use(group, MB, read, nothing);
  t.is(reads, 50);
  await cache.use(groups[10], MB, read, nothing);
  t.is(reads, 51);
  const broken = {} as RowGroupPlace;
  await t.throwsAsync(cache.use(broken, MB, () => Promise.reject(new Error('away')), nothing));
  await cache.use(broken, MB, read, nothing);
  t.is(reads, 52);
  await cache.use({} as RowGroupPlace, 100 * MB, read, nothing);
  await cache.use(broken, MB, read, nothing);
  t.is(reads, 54);
});

test('memory of row groups is used again, but not while somebody reads it', async (t) => {
  const kept = new KeptBytes<string>(3 * MB);
  const memories: ArrayBufferLike[] = [];
  const read = async (into: Buffer) => {
    memories.push(into.buffer);
    return into.fill(memories.length).subarray(0, MB);
  };
  let go = () => {};
  const late = kept.use(
    'late',
    MB,
    (into) =>
      new Promise<Buffer>((resolve) => {
        go = () => resolve(read(into));
      }),
    (bytes) => bytes[0],
  );
  for (let i = 0; i < 20; i++) await kept.use(String(i), MB, read, () => undefined);
  go();
  t.is(await late, memories.length, 'its own bytes, although it was forgotten meanwhile');
  t.true(new Set(memories.slice(0, -1)).size <= 6, 'few of 20 took new memory');
  t.false(memories.slice(0, -1).includes(memories.at(-1)!));
});

testLong('a loader of eight times the shards holds no more', async (t) => {
  const { setFlagsFromString } = await import('node:v8');
  setFlagsFromString('--expose-gc');
  const { runInNewContext } = await import('node:vm');
  globalThis.gc = runInNewContext('gc');
  const [few, many] = [await peakOf(t, 20), await peakOf(t, 160)];
  t.log(`${(few / MB).toFixed(1)} MiB for 40 row groups, ${(many / MB).toFixed(1)} for 320`);
  t.true(many < 48 * MB, `${many} bytes`);
  t.true(many < few + 16 * MB, `${few} and ${many} bytes`);
});

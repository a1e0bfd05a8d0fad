import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import {
  hashesOf,
  makeCorpus,
  pipeline,
  removeFolder,
  workFolder,
} from '../helpers/pipeline-runs.ts';
import { testLong } from '../helpers/tools.ts';

const HOOK = new URL('slow-disk.mjs', import.meta.url).href;

let work: string;
test.before(async () => {
  work = await workFolder();
});
test.after.always(() => removeFolder(work));

/** Peak memory in MiB, and how long it took, on a disk whose every sync takes so much longer. */
async function measured(args: readonly string[], slowMs: number) {
  const file = join(work, `peak-${slowMs}`);
  const env = {
    NODE_OPTIONS: `--import=${HOOK}`,
    SLOW_DISK_MS: String(slowMs),
    SLOW_DISK_PEAK: file,
  };
  const start = performance.now();
  const result = await pipeline(args, { env });
  if (result.exitCode !== 0) throw new Error(String(result.stderr));
  const seconds = (performance.now() - start) / 1000;
  return { seconds, peak: Number(await readFile(file, 'utf8')) / 2 ** 20 };
}

testLong('a disk that is slower than the encoders takes time and no memory', async (t) => {
  const corpus = join(work, 'corpus');
  await makeCorpus(corpus, 4000);
  const args = (out: string) => [
    ...['run', 'images', corpus, '--out', join(work, out), '--seq-len', '4096'],
    // A sample of ten: what is kept of it is no matter here.
    ...['--partition-size', '100', '--merges', '20', '--bpe-samples', '10'],
  ];
  const fast = await measured(args('fast'), 0);
  const slow = await measured(args('slow'), Math.ceil((fast.seconds * 1000) / 40));
  t.log(`${fast.peak.toFixed(0)} MiB in ${fast.seconds.toFixed(1)} s; slow disk`);
  t.log(`${slow.peak.toFixed(0)} MiB in ${slow.seconds.toFixed(1)} s`);
  t.true(slow.seconds > 2 * fast.seconds, 'the disk was what the run waited for');
  t.true(slow.peak < 1.1 * fast.peak);
  t.deepEqual(await hashesOf(join(work, 'slow')), await hashesOf(join(work, 'fast')));
});

testLong(
  'an input more to plan takes less than 46 bytes of memory: about 1 GB for 23 million',
  async (t) => {
    const planned = async (inputs: number) => {
      const list = join(work, `${inputs}.txt`);
      const file = createWriteStream(list);
      for (let i = 0; i < inputs; i++) {
        const isFull = !file.write(`train/${Math.floor(i / 1000)}/image-${i}.jpg\n`);
        if (isFull) await once(file, 'drain');
      }
      file.end();
      await once(file, 'close');
      const out = join(work, `plan-${inputs}`);
      const { peak } = await measured(['run', 'images', `@${list}`, '--out', out, '--dry-run'], 0);
      return peak;
    };
    // Both large enough for the garbage of the listing to be at its most.
    const [few, many] = [await planned(500_000), await planned(2_000_000)];
    const bytes = ((many - few) * 2 ** 20) / 1_500_000;
    t.log(`${few.toFixed(0)} and ${many.toFixed(0)} MiB: ${bytes.toFixed(0)} bytes an input`);
    t.true(bytes < 46);
  },
);

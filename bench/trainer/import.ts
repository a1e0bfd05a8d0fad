/**
 * `trainer import` of a Hugging Face folder in bf16, five layers of 7B (2 GB), in turns with the least that it could do:
 * write a copy of the weights (`cat`) and hash them (`sha256sum`).
 *   node bin/start.js bench/trainer/import.ts [rounds = 3] [layers = 5]
 * Takes three times the size of the weights on the disk of the temporary folder.
 */
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { peakMemory } from '../pipeline/process.ts';
import { race } from '../pipeline/race.ts';
import { makeSevenBillion } from '../sample/seven-billion.ts';

const TRAINER = fileURLToPath(new URL('../../bin/trainer.js', import.meta.url));
/** `sync` because an import, too, ends when its files are on the disk. */
const COPY_AND_HASH = 'cat "$1" >"$2" && sync "$2" && sha256sum "$1"';

const [rounds = 3, layers = 5] = process.argv.slice(2).map(Number);
const folder = await mkdtemp(join(tmpdir(), 'codec-lm-import-bench-'));
try {
  const [from, to] = ['from', 'to'].map((name) => join(folder, name));
  await makeSevenBillion(from, layers);
  await rm(join(from, 'codec.json'));
  const weights = join(from, 'model.safetensors');
  const gigabytes = (await stat(weights)).size / 1e9;
  const importing = [TRAINER, 'import', '--from', from, '--to', to, '--codec', 'jpeg'];
  const copy = join(folder, 'copy');
  const prepare = async () => {
    for (const path of [to, copy]) await rm(path, { recursive: true, force: true });
  };
  const { ratio, cpuRatio, seconds } = await race(
    [process.execPath, ...importing],
    ['sh', '-c', COPY_AND_HASH, 'sh', weights, copy],
    rounds,
    prepare,
  );
  await prepare();
  const peak = await peakMemory(importing);
  const perGigabyte = (took: number) => `${(took / gigabytes).toFixed(2)} s`;
  console.log(
    '| import, per GB | a copy and a hash, per GB | ratio: clock; CPU time | peak memory |',
  );
  console.log('| --- | --- | --- | --- |');
  console.log(
    `| ${perGigabyte(seconds.ours)} of ${gigabytes.toFixed(2)} GB | ${perGigabyte(seconds.theirs)} | ` +
      `${ratio.toFixed(2)}; ${cpuRatio.toFixed(2)} | ${(peak / 2 ** 20).toFixed(0)} MiB |`,
  );
} finally {
  await rm(folder, { recursive: true, force: true });
}

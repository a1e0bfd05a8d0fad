/**
 * The width of 7B with random weights: made on the disk, and drawn from with the room of a whole image.
 *     CODEC_LM_TEST_LONG=1 npx ava test/trainer/sample/engine/large.test.ts --timeout=60m
 */
import { statfs } from 'node:fs/promises';
import { freemem, tmpdir } from 'node:os';
import test from 'ava';
import { execa } from 'execa';
import { makeSevenBillion } from '../../../../bench/sample/seven-billion.ts';
import { temporaryFolder } from '../../../helpers/temporary.ts';

const GIB = 2 ** 30;
/** GiB that may be resident, by layers; so much has to be free. */
const MOST = {
  2: { int8: 1.2, bf16: 1.6 },
  32: { int8: 9.5, bf16: 16.5 },
};
const [TOKENS, POSITIONS, THREADS] = [64, 12_288, 2];

const { bavail, bsize } = await statfs(tmpdir());

for (const layers of [2, 32] as const) {
  const most = MOST[layers];
  const disk = (layers * 0.42 + 0.5) * GIB;
  const missing = process.env.CODEC_LM_TEST_LONG
    ? [
        bavail * bsize < disk && `${(disk / GIB).toFixed(1)} GiB of disk`,
        freemem() < most.bf16 * GIB && `${most.bf16} GiB of free memory`,
      ].filter(Boolean)
    : ['`npm run test:long`'];
  const what = layers === 32 ? '7 billion parameters' : `${layers} layers of 7 billion parameters`;
  const title = `${what}: ${TOKENS} tokens in int8 and in bf16, within their memory`;
  const canRun = missing.length === 0;
  const run = canRun ? test.serial : test.serial.skip;
  run(canRun ? title : `${title} (skipped: it needs ${missing.join(' and ')})`, async (t) => {
    t.timeout(60 * 60 * 1000);
    const folder = await temporaryFolder(t);
    const start = performance.now();
    await makeSevenBillion(folder, layers);
    t.log(`made in ${((performance.now() - start) / 1000).toFixed(0)} s`);
    for (const weights of ['int8', 'bf16'] as const) {
      const sizes = [1, TOKENS, THREADS, POSITIONS - 1].map(String);
      const formats = ['off', weights, 'int8'];
      const args = ['bin/start.js', 'bench/sample/draw.ts', folder, ...sizes, ...formats];
      const { stdout } = await execa('node', args);
      const [tokensPerSecond, perCpuSecond, mib, loading] = stdout.split(' ').map(Number);
      t.log(
        `${weights}: ${(mib / 1024).toFixed(2)} GiB, loaded in ${loading.toFixed(0)} s, ${tokensPerSecond.toFixed(2)} tokens/s, ${perCpuSecond.toFixed(2)} per CPU second`,
      );
      t.true(mib / 1024 < most[weights], `${weights}: ${mib} MiB`);
      t.true(tokensPerSecond > 0);
    }
  });
}

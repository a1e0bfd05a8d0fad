/** The shape of 7B with random weights: made on the disk, and drawn from with the room of a whole image. */
import { statfs } from 'node:fs/promises';
import { freemem, tmpdir } from 'node:os';
import test from 'ava';
import { execa } from 'execa';
import { makeSevenBillion } from '../../../../bench/sample/seven-billion.ts';
import { temporaryFolder } from '../../../helpers/temporary.ts';

const GIB = 2 ** 30;
const DISK = 14 * GIB;
/** GiB that may be resident. */
const MOST = { int8: 9.5, bf16: 16.5 };
const [TOKENS, POSITIONS, THREADS] = [64, 12_288, 2];

const { bavail, bsize } = await statfs(tmpdir());
const missing = process.env.CODEC_LM_TEST_LONG
  ? [
      bavail * bsize < DISK && `${DISK / GIB} GiB of disk`,
      freemem() < MOST.bf16 * GIB && `${MOST.bf16} GiB of free memory`,
    ].filter(Boolean)
  : ['`npm run test:long`'];
const title = `7 billion parameters: ${TOKENS} tokens in int8 and in bf16, within their memory`;

(missing.length === 0 ? test : test.skip)(
  missing.length === 0 ? title : `${title} (skipped: it needs ${missing.join(' and ')})`,
  async (t) => {
    t.timeout(60 * 60 * 1000);
    const folder = await temporaryFolder(t);
    await makeSevenBillion(folder);
    for (const weights of ['int8', 'bf16'] as const) {
      const sizes = [1, TOKENS, THREADS, POSITIONS - 1].map(String);
      const args = ['bin/start.js', 'bench/sample/draw.ts', folder, ...sizes, 'off', weights];
      const { stdout } = await execa('node', args);
      const [tokensPerSecond, perCpuSecond, mib] = stdout.split(' ').map(Number);
      t.log(
        `${weights}: ${(mib / 1024).toFixed(2)} GiB, ${tokensPerSecond.toFixed(2)} tokens/s, ${perCpuSecond.toFixed(2)} per CPU second`,
      );
      t.true(mib / 1024 < MOST[weights], `${weights}: ${mib} MiB`);
    }
  },
);

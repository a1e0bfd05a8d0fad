/** `node bin/start.js showcase/clips/make.ts LETTERS TO COUNT SEED`: see moving.ts. */
import { CodecLmError, messageOf } from '../../base/error.ts';
import { writeMovingLetters } from './moving.ts';

async function main(): Promise<void> {
  const [letters, to, count, seed] = process.argv.slice(2);
  if (!(Number(count) >= 1 && Number(seed) >= 0)) {
    throw new CodecLmError('USAGE', 'usage: showcase/clips/make.ts LETTERS TO COUNT SEED');
  }
  const written = await writeMovingLetters(letters, to, Number(count), Number(seed));
  process.stdout.write(`${written.length} clips in ${to}\n`);
}

main().catch((error) => {
  process.stderr.write(`clips: ${messageOf(error)}\n`);
  process.exitCode = error instanceof CodecLmError ? error.exitCode : 1;
});

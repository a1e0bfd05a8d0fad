/** `npm run demo:corpus -- FOLDER [COUNT]`: a folder of real pictures to try the commands on. */
import { CodecLmError, messageOf } from '../base/error.ts';
import { writeCrops } from './crops.ts';

const DEFAULT_COUNT = 64;
const MAX_COUNT = 100_000;

async function main(): Promise<void> {
  const [folder, countText = String(DEFAULT_COUNT)] = process.argv.slice(2);
  const count = Number(countText);
  if (!folder || !Number.isInteger(count) || count < 1 || count > MAX_COUNT) {
    throw new CodecLmError('USAGE', `usage: npm run demo:corpus -- FOLDER [COUNT <= ${MAX_COUNT}]`);
  }
  const written = await writeCrops(folder, count);
  process.stdout.write(`${written.length} pictures in ${folder}\n`);
}

main().catch((error) => {
  process.stderr.write(`demo:corpus: ${messageOf(error)}\n`);
  process.exitCode = error instanceof CodecLmError ? error.exitCode : 1;
});

/** `npm run demo:corpus -- FOLDER [COUNT] [--videos]`: real pictures, or clips made of them, to try the commands on. */
import { parseArgs } from 'node:util';
import { CodecLmError, messageOf } from '../base/error.ts';
import { writeClips } from './clips.ts';
import { writeCrops } from './crops.ts';

const DEFAULT_COUNT = 64;
const MAX_COUNT = 100_000;

async function main(): Promise<void> {
  const { values, positionals } = argumentsOf(process.argv.slice(2));
  const [folder, countText = String(DEFAULT_COUNT)] = positionals;
  const count = Number(countText);
  if (!folder || positionals.length > 2 || !(Number.isInteger(count) && count >= 1)) throw usage();
  if (count > MAX_COUNT) throw usage();
  const written = await (values.videos ? writeClips : writeCrops)(folder, count);
  process.stdout.write(`${written.length} ${values.videos ? 'clips' : 'pictures'} in ${folder}\n`);
}

function argumentsOf(args: string[]) {
  try {
    return parseArgs({ args, options: { videos: { type: 'boolean' } }, allowPositionals: true });
  } catch {
    throw usage();
  }
}

function usage(): CodecLmError {
  return new CodecLmError(
    'USAGE',
    `usage: npm run demo:corpus -- FOLDER [COUNT <= ${MAX_COUNT}] [--videos]`,
  );
}

main().catch((error) => {
  process.stderr.write(`demo:corpus: ${messageOf(error)}\n`);
  process.exitCode = error instanceof CodecLmError ? error.exitCode : 1;
});

/**
 * How far pictures are from the letters that were learned:
 *
 *     node bin/start.js showcase/measure.ts LEARNED FOLDER...
 */
import { messageOf } from '../base/error.ts';
import { distancesTo, readLearned } from './nearest.ts';

async function main([learned, ...folders]: string[]): Promise<void> {
  const letters = await readLearned(learned);
  process.stdout.write(`${letters.length} different letters in ${learned}\n`);
  for (const folder of folders) {
    const { pictures, copies, pixels } = await distancesTo(folder, letters);
    const half = pixels[Math.floor(pictures / 2)];
    process.stdout.write(
      `${folder}: ${pictures} pictures, ${copies} copies; half differ from the nearest letter in ${half} pixels of 256 or more\n`,
    );
  }
}

main(process.argv.slice(2)).catch((error) => {
  process.stderr.write(`measure: ${messageOf(error)}\n`);
  process.exitCode = 1;
});

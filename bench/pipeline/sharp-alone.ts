/**
 * The least that any pipeline on sharp has to do: read, decode, resize, encode. For table.ts.
 *   node --import=tsx bench/pipeline/sharp-alone.ts FOLDER IN_FLIGHT
 */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { sharp } from '../../base/sharp.ts';

const [folder, inFlight] = process.argv.slice(2);
const names = (await readdir(folder, { recursive: true })).filter((name) => name.endsWith('.jpg'));
let next = 0;
let bytes = 0;

async function worker(): Promise<void> {
  while (next < names.length) {
    const source = await readFile(join(folder, names[next++]));
    const jpeg = await sharp(source, { ignoreIcc: true })
      .resize(256, 256, { fit: 'cover', kernel: 'linear' })
      .jpeg({ quality: 25, chromaSubsampling: '4:2:0', optimiseCoding: false })
      .toBuffer();
    bytes += jpeg.length;
  }
}

await Promise.all(Array.from({ length: Number(inFlight) }, worker));
console.log(`${names.length} images, ${bytes} bytes`);

/**
 * A checkpoint's ln p in llama.cpp, from GGUF files of each precision, beside ours in fp32.
 *
 *     bench/peers/setup-node-llama-cpp.sh
 *     node bin/start.js bench/peers/compare_gguf.ts CHECKPOINT PICTURE
 *
 * Exits with 1 when F32 is off by more than 1e-3, draws something else, or the ids differ.
 */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { formatTable } from '../../base/format.ts';
import { GGUF_FORMATS, type GgufPrecision } from '../../trainer/checkpoint/gguf/types.ts';
import { loadModel } from '../../trainer/index.ts';
import { compareGguf } from './gguf.ts';

const [checkpoint, picture] = process.argv.slice(2);
const folder = await mkdtemp(join(tmpdir(), 'codec-lm-gguf-'));
const model = await loadModel(checkpoint);
const encoder = await model.codec.encoder();
const { symbols } = await encoder.encode(await readFile(picture), picture);
const table: string[][] = [];
for (const precision of Object.keys(GGUF_FORMATS) as GgufPrecision[]) {
  const found = await compareGguf(model, symbols, precision, join(folder, `${precision}.gguf`));
  const { difference, sameGreedy, drawn, hasOurIds, hasOurText } = found;
  const isSame = hasOurIds && hasOurText;
  table.push([
    precision,
    difference.toExponential(1),
    `${sameGreedy}/${drawn}`,
    isSame ? 'ours' : 'others',
  ]);
  const isExact = precision !== 'fp32' || (difference < 1e-3 && sameGreedy === drawn);
  if (!isSame || !isExact) process.exitCode = 1;
}
await model.close();
await rm(folder, { recursive: true });
console.log(formatTable(['file', 'largest difference of ln p', 'greedy', 'ids'], table));

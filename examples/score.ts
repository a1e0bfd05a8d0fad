/** Shows how many bits a checkpoint needs per byte of files, and draws a heat map of them. */
import { writeFile } from 'node:fs/promises';
import { loadModel, score } from 'codec-lm';

const [checkpoint, map, ...files] = process.argv.slice(2);
const model = await loadModel(checkpoint);
for await (const { source, bitsPerSymbol, unit, heatMap } of score(model, files)) {
  console.log(`${source}: ${bitsPerSymbol.toFixed(3)} bits per ${unit}`);
  await writeFile(map, await heatMap());
}
await model.close();

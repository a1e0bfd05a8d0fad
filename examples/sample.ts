/** Two images drawn from a checkpoint, and two that go on from a half of a given one. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { loadModel, sample } from 'codec-lm';

const [checkpoint, prompt, to] = process.argv.slice(2);
const model = await loadModel(checkpoint);
for await (const { index, file, extension, tokens } of sample(model, { num: 2, seed: 1 })) {
  console.log(`${index}: ${tokens} tokens`);
  if (file) await writeFile(join(to, `free-${index}${extension}`), file);
}
const halves = { num: 2, seed: 1, prompt, cut: { ratio: 0.5 } };
for await (const { index, file, extension, given } of sample(model, halves)) {
  console.log(`${index}: ${given} bytes were given`);
  if (file) await writeFile(join(to, `half-${index}${extension}`), file);
}
await model.close();

/** A folder of images to a dataset: `node --import tsx -C codec-lm-source examples/make-dataset.ts FOLDER DS` */
import { runPipeline } from 'codec-lm';

const [folder, out] = process.argv.slice(2);
const manifest = await runPipeline({
  sources: folder,
  out,
  codec: 'jpeg',
  size: 32,
  quality: 25,
  merges: 16,
  seqLen: 256,
  valFraction: 0.2,
  onEvent(event) {
    if (event.type === 'plan') console.log(`${event.inputs} inputs`);
    if (event.type === 'failure') console.log(`${event.source}: ${event.message}`);
  },
});
console.log(`${manifest?.totals.documents} documents, ${manifest?.totals.tokens} tokens`);

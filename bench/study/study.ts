/**
 * The paper's comparison in miniature: one corpus, one Llama, as many tokens for each, and the symbols
 * of a JPEG codec, of a VQ model and of pixels; then the dials of the JPEG codec. Only the project's own
 * commands run, one after the other; the same command again goes on. The report is written anew after
 * each arm, and says which ones it has.
 *
 *     npm run study -- [--scale 1] [--arms jpeg,vq] [--to .study] [--features MOBILENET.pth] [--doc docs/study.md]
 */
import { parseArgs } from 'node:util';
import { runStudy } from './arms.ts';

const { values } = parseArgs({
  options: {
    scale: { type: 'string', default: '1' },
    arms: { type: 'string' },
    to: { type: 'string', default: '.study' },
    features: { type: 'string' },
    doc: { type: 'string', default: 'docs/study.md' },
  },
});

const { scale, arms, ...places } = values;
await runStudy({ ...places, scale: Number(scale), arms: arms?.split(',') });
console.log(values.doc);

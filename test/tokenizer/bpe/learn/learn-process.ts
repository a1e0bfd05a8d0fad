/** Learns from made-up bytes and prints what the process took: learn-process.ts KIND BYTES MERGES */
import { learnMerges } from '../../../../tokenizer/bpe/learn/learn.ts';
import { randomNumbers } from '../../../helpers/rasters.ts';

const [kind, bytes, merges] = process.argv.slice(2);
const random = randomNumbers(1);
const makers: Record<string, () => number> = {
  zeros: () => 0,
  // Every place is in a list, and every merge replaces a large part of the text.
  'two symbols': () => random() & 1,
  noise: () => random() & 255,
  // Few values are frequent, as in entropy-coded data with its restart markers.
  skewed: () => random() & random() & 255,
};
const document = new Uint8Array(Number(bytes));
for (let i = 0; i < document.length; i++) document[i] = makers[kind]();

// Kilobytes; what was taken up to here is not the learner's.
const before = process.resourceUsage().maxRSS;
const learned = learnMerges([document], Number(merges)).length;
const after = process.resourceUsage().maxRSS;
console.log(JSON.stringify({ learned, peak: after * 1024, learning: (after - before) * 1024 }));

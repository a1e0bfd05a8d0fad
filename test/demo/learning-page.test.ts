import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import { writeLearningPage } from '../../demo/learning-page.ts';
import { drawSheet } from '../../trainer/sample/sheet.ts';
import { temporaryFolder } from '../helpers/temporary.ts';

const metrics = (step: number, loss: number) => ({
  ...{ split: 'train', step, loss, unigramLoss: 5, lr: 1e-3, gradNorm: 1, tokens: 10 },
  ...{ tokensSeen: 10 * step, tokensPerSecond: 1, seconds: 1, dataWait: 0, epoch: 0, memory: 1 },
  bitsPerByte: loss,
});

test('the page shows all samples of the shipped model, each step with its loss, and the completions', async (t) => {
  const folder = await temporaryFolder(t);
  const [shipped, first, last, completions, run] = await Promise.all(
    ['shipped', 'first', 'last', 'completions', 'run'].map(async (name) => {
      await mkdir(join(folder, name));
      return join(folder, name);
    }),
  );
  const drawn = async (to: string, count: number) => {
    for (let i = 0; i < count; i++) await writeFile(join(to, `0000000${i}.jpg`), `${to} ${i}`);
  };
  await drawn(shipped, 5);
  await drawn(first, 3);
  await drawn(last, 3);
  const sheet = await drawSheet([[{ picture: null, caption: '' }]], { width: 8, height: 8 });
  await writeFile(join(completions, 'sheet.png'), sheet);
  const lines = [metrics(1, 4.5), metrics(2, 2.25)].map((line) => JSON.stringify(line));
  await writeFile(join(run, 'metrics.jsonl'), `${lines.join('\n')}\n`);

  const page = join(folder, 'index.html');
  await writeLearningPage({
    ...{ page, shipped, run, completions },
    stages: [
      { step: 1, samples: first },
      { step: 2, samples: last },
    ],
  });
  const text = await readFile(page, 'utf8');
  t.is([...text.matchAll(/<img src="data:image\/jpeg/g)].length, 5 + 3 + 3);
  t.is([...text.matchAll(/<img src="data:image\/png/g)].length, 1);
  t.regex(text, /After step 1: loss 4\.50[\s\S]*After step 2: loss 2\.25/);
});

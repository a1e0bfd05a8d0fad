import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import { readFrequencies } from '../../../../evaluation/protocol/classes/frequencies.ts';
import { temporaryFolder } from '../../../helpers/temporary.ts';

test('commas, tabs, a header, names with commas, quotes, empty lines', async (t) => {
  const path = join(await temporaryFolder(t), 'f.csv');
  await writeFile(path, 'class,results\r\nn01440764, 1200\n"tench, Tinca tinca",3e6\n\ncat\t0\n');
  t.deepEqual(
    [...(await readFrequencies(path))],
    [
      ['n01440764', 1200],
      ['tench, Tinca tinca', 3e6],
      ['cat', 0],
    ],
  );
});

test('what is no table is refused, and the line is named', async (t) => {
  const folder = await temporaryFolder(t);
  const path = join(folder, 'f.csv');
  for (const [text, message] of [
    ['a,1\nb\n', /line 2 is no class with a frequency: "b"/],
    ['a,1\nb,many\n', /line 2/],
    ['a,-1\nb,2\nc,x\n', /line 3/],
    ['a,1\na,2\n', /line 2: a is there twice/],
  ] as const) {
    await writeFile(path, text);
    await t.throwsAsync(readFrequencies(path), { code: 'CONFIG_INVALID', message });
  }
  await writeFile(path, '\n');
  await t.throwsAsync(readFrequencies(path), { code: 'INPUT_EMPTY' });
  await t.throwsAsync(readFrequencies(join(folder, 'no.csv')), { code: 'INPUT_NOT_FOUND' });
  await t.throwsAsync(readFrequencies(folder), { code: 'INPUT_UNREADABLE' });
});

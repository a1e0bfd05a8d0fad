import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import { listPictures } from '../../../evaluation/pictures/list.ts';
import { filesToProbe } from '../../../evaluation/probes/inputs.ts';
import { allCodecs } from '../../../tokenizer/codecs/registry.ts';
import { temporaryFolder } from '../../helpers/temporary.ts';

const jpeg = allCodecs().find(({ name }) => name === 'jpeg')!;

test('the sheet of a folder of samples is no sample; a picture of that name elsewhere is one', async (t) => {
  const folder = await temporaryFolder(t);
  await mkdir(join(folder, 'samples'));
  for (const name of ['sheet.png', 'samples/sheet.png', 'samples/index.html', 'samples/0.jpg']) {
    await writeFile(join(folder, name), '');
  }
  const expected = ['samples/0.jpg', 'sheet.png'].map((name) => join(folder, name));
  t.deepEqual(await listPictures(folder), expected);
  t.deepEqual(await filesToProbe([folder], jpeg), expected);
});

/** A dataset whose tokenizer.json is in the form of the first release, with `<eos>` behind prompts. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import { readTokenizer } from '../../../tokenizer/bpe/files/huggingface.ts';
import { ByteBpe } from '../../../tokenizer/bpe/tokenizer.ts';
import { makeSmallDataset, smallFit } from '../../helpers/small-run.ts';
import { temporaryFolder } from '../../helpers/temporary.ts';
import { checkpoint, run } from '../../helpers/workplace.ts';

test('it loads, keeps its file and is trained on; its models say where a prompt ends', async (t) => {
  const folder = await temporaryFolder(t);
  const tokenizer = new ByteBpe([], undefined, 'bos-eos');
  const data = await makeSmallDataset(folder, { tokenizer });
  const before = await readFile(join(data, 'tokenizer.json'), 'utf8');
  t.is((await readTokenizer(data)).surround, 'bos-eos');
  const out = join(folder, 'run');
  await smallFit({ data, out, set: ['train.steps=1'] });
  await smallFit({ data, out, resume: true, set: ['train.steps=2'] });
  t.is(await readFile(join(data, 'tokenizer.json'), 'utf8'), before);
  const to = join(folder, 'model');
  const done = await run('trainer', ['export', '--checkpoint', out, '--to', to]);
  t.is(done.exitCode, 0, done.stderr);
  for (const model of [checkpoint(out, 2), to]) {
    t.is((await readTokenizer(model)).hash, new ByteBpe([]).hash);
  }
});

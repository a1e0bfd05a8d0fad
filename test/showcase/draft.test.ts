/** The draft of the showcase's model. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import { execa } from 'execa';
import { temporaryFolder } from '../helpers/temporary.ts';

test('it says most tokens before the model does, which writes the same files', async (t) => {
  const folder = await temporaryFolder(t);
  const draw = async (to: string, ...more: string[]) => {
    const place = ['--checkpoint', 'showcase/model', '--to', join(folder, to), '--engine', 'wasm'];
    const settings = ['--num', '6', '--batch', '2', '--seed', '3'];
    return execa('node', ['bin/codec-lm.js', 'trainer', 'sample', ...place, ...settings, ...more]);
  };
  await draw('plain');
  const { stderr } = await draw(
    'drafted',
    '--draft',
    'showcase/draft/model',
    '--draft-tokens',
    '3',
  );
  const share = /of which ([\d.]+) % were drawn/.exec(stderr)?.[1];
  t.true(Number(share) > 70, stderr);
  const names = await readdir(join(folder, 'plain'));
  t.is(names.length, 2 * 6 + 2);
  for (const name of names) {
    const [one, other] = ['plain', 'drafted'].map((to) => readFile(join(folder, to, name)));
    t.true((await one).equals(await other), name);
  }
});

import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import { fontModules } from '../../../demo/letters.ts';
import { listStyles } from '../../../showcase/corpus/styles.ts';
import { writeLetters } from '../../../showcase/corpus/write.ts';
import { SHOWCASE_MODEL } from '../../../showcase/model-folder.ts';
import { loadModel, sample } from '../../../trainer/index.ts';
import { promptOf } from '../../../trainer/sample/prompt.ts';
import { temporaryFolder } from '../../helpers/temporary.ts';

const startsWith = (ids: ArrayLike<number>, beginning: ArrayLike<number>) =>
  Array.from(beginning).every((id, nth) => ids[nth] === id);

test('healed prompts hold only ids that the whole document has, and all given symbols', async (t) => {
  const folder = await temporaryFolder(t);
  const styles = await listStyles(fontModules(), ['poppins']);
  await writeLetters(folder, styles.slice(0, 1), 1);
  const { codec, tokenizer } = await loadModel(SHOWCASE_MODEL);
  let misled = 0;
  for (const name of (await readdir(folder)).slice(0, 24)) {
    const source = await readFile(join(folder, name));
    for (let mcus = 1; mcus < 64; mcus += 3) {
      const cut = { ratio: mcus / 64 };
      const plain = await promptOf(source, name, cut, codec, tokenizer);
      t.is(plain.rest, undefined);
      const whole = tokenizer.encode(plain.original);
      if (!startsWith(whole, plain.ids.subarray(1))) misled++;

      const { ids, rest, given } = await promptOf(source, name, cut, codec, tokenizer, true);
      t.true(startsWith(whole, ids.subarray(1)), `${name} after ${mcus} MCUs`);
      const symbols = [...tokenizer.decode(ids.subarray(1)), ...(rest ?? [])];
      t.deepEqual(symbols, [...plain.original.subarray(0, given)]);
      t.true(ids.length >= plain.ids.length - 8);
    }
  }
  t.log(`${misled} of ${24 * 21} prompts end in ids that the whole document does not have`);
  t.true(misled > 50);
});

for (const grammar of [true, false]) {
  test(`healed samples begin with all that was given, ${grammar ? 'with' : 'without'} the grammar`, async (t) => {
    const folder = await temporaryFolder(t);
    const styles = await listStyles(fontModules(), ['poppins']);
    await writeLetters(folder, styles.slice(2, 3), 1);
    const model = await loadModel(SHOWCASE_MODEL);
    const path = join(folder, (await readdir(folder)).find((name) => name.includes('-66-'))!);
    const given = await promptOf(
      await readFile(path),
      path,
      { ratio: 0.5 },
      model.codec,
      model.tokenizer,
    );
    const beginning = given.original.subarray(0, given.given);
    let samples = 0;
    for await (const drawn of sample(model, {
      ...{ prompt: path, cut: { ratio: 0.5 }, num: 3, tokenHealing: true, grammar },
    })) {
      t.true(startsWith(drawn.document, beginning));
      samples++;
    }
    t.is(samples, 3);
  });
}

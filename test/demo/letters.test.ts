import test from 'ava';
import { DEMO_FAMILIES, fontModules, PROMPT_FAMILY } from '../../demo/letters.ts';
import { listStyles } from '../../showcase/corpus/styles.ts';
import { HELD_OUT, learnedFamilies } from '../../showcase/families.ts';

test('the fonts of the demo come with the development dependencies, under a free licence', async (t) => {
  const styles = await listStyles(fontModules(), [...DEMO_FAMILIES, PROMPT_FAMILY]);
  t.true(styles.length > 5 * DEMO_FAMILIES.length);
});

test('what is completed is of a family that neither model has seen', async (t) => {
  t.true(HELD_OUT.includes(PROMPT_FAMILY));
  t.false((await learnedFamilies()).includes(PROMPT_FAMILY));
  t.false(DEMO_FAMILIES.includes(PROMPT_FAMILY));
});

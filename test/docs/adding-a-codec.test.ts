/** The code that docs/adding-a-codec.md shows is the code of the example. */
import { readFile } from 'node:fs/promises';
import test from 'ava';

test('every block of code in the guide stands in the example as it is', async (t) => {
  const guide = await readFile('docs/adding-a-codec.md', 'utf8');
  const files = ['codec.ts', 'cli.ts'].map((name) =>
    readFile(`examples/toy-codec/${name}`, 'utf8'),
  );
  const example = (await Promise.all(files)).join('\n');
  const blocks = [...guide.matchAll(/```ts\n(.*?)```/gs)].map(([, code]) => code);
  t.is(blocks.length, 2);
  for (const code of blocks) t.true(example.includes(code), code);
});

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import { type Block, blocksOf, ROOT } from './helpers/guide.ts';
import { freshClone, walk } from './helpers/walk.ts';

const PAGE = 'README.md';
const MAX_WORDS = 1200;
const MAX_TABLE_LINES = 40;

const isShown = ({ marks }: Block) => marks.shown !== undefined;

test('every command of the README works as pasted, in order', async (t) => {
  const blocks = await blocksOf(PAGE);
  t.true(blocks.length >= 9, `${blocks.length}`);
  t.true(blocks.every(({ language }) => language === 'sh'));
  const all = await walk(t, blocks, await freshClone(t));
  // The commands shown to a beginner give no warning.
  t.notRegex(all, /trained on [\d,]+: what comes after/);
});

test('the README shows the two commands of the first five minutes', async (t) => {
  const text = await readFile(join(ROOT, PAGE), 'utf8');
  const { scripts } = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8'));
  for (const command of ['npm ci && npm run demo', 'npm test']) t.true(text.includes(command));
  for (const [, name] of text.matchAll(/npm run (?:--silent )?([\w:-]+)/g)) {
    t.true(name in scripts, `npm run ${name} is not in package.json`);
  }
  const blocks = await blocksOf(PAGE);
  // What installs, and what trains for minutes.
  t.is(blocks.filter(isShown).length, 2);
});

test('the README is read in five minutes', async (t) => {
  const text = await readFile(join(ROOT, PAGE), 'utf8');
  const seen = text.replace(/<!--.*?-->/gs, '');
  const words = seen.split(/\s+/).filter((word) => word !== '').length;
  t.true(words <= MAX_WORDS, `${words} words`);
  const lines = seen.split('\n').filter((line) => line.startsWith('|')).length;
  t.true(lines <= MAX_TABLE_LINES, `${lines} lines of tables`);
});

/** README's table of presets is what `trainer estimate` says. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import { resolveConfig } from '../../trainer/config/config.ts';
import { estimate } from '../../trainer/estimate/estimate.ts';
import { ROOT } from '../helpers/guide.ts';

const UNITS: Record<string, number> = { M: 1e6, G: 1e9, GiB: 2 ** 30, hours: 1 / 24, days: 1 };
const ROW = /^\| `([\w-]+)`(?:, (\d+) ranks)? \| ([^|]+) \| ([^|]+) \| ([^|]+) \| ([^|]+) \|$/gm;

/** Whether a number rounds to what is shown, as in `6.5 G`. */
function isShownAs(value: number, text: string): boolean {
  const [number, unit] = text.split(' ');
  const decimals = number.split('.')[1]?.length ?? 0;
  return Math.abs(value / UNITS[unit] - Number(number)) <= 0.5 * 10 ** -decimals + 1e-9;
}

test('parameters, memory, GPU and days of each preset', async (t) => {
  const readme = await readFile(join(ROOT, 'README.md'), 'utf8');
  const rows = [...readme.matchAll(ROW)];
  t.true(rows.length >= 6, `${rows.length} rows`);
  for (const [, preset, ranks = '1', parameters, memory, gpu, time] of rows) {
    const config = await resolveConfig({ preset });
    const found = await estimate(config, { worldSize: Number(ranks), vocabSize: 579, mfu: 0.4 });
    const seen = `${preset}: ${found.parameters}, ${found.memory.total}, ${found.gpu}, ${found.days}`;
    t.true(isShownAs(found.parameters, parameters), seen);
    t.true(isShownAs(found.memory.total, memory), seen);
    t.true(found.gpu!.startsWith(gpu), seen);
    if (time === 'a minute') t.true(found.days! < 1.5 / 24 / 60, seen);
    else t.true(isShownAs(found.days!, time), seen);
  }
});

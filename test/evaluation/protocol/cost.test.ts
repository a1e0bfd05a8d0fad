/** What an evaluation would take, beside what it took. */
import { join } from 'node:path';
import test from 'ava';
import { costOf } from '../../../evaluation/protocol/cost.ts';
import { loadModel } from '../../../trainer/sample/model.ts';
import { evaluated, evaluationPlace } from '../../helpers/evaluation.ts';

test('tokens of the prompts are those that were read, and all documents are counted', async (t) => {
  const place = await evaluationPlace(t);
  const { checkpoint, images, folder } = place;
  const settings = { ratios: [0.25, 0.5], unconditional: true, halfSize: true, seeds: 2 };
  const cost = await costOf(await loadModel(checkpoint), { ...settings, images });
  const { table } = await evaluated(place, { ...settings, to: join(folder, 'out') });
  t.like(cost, { pictures: 6, sampled: 6 });
  const { counts } = table.rows[0];
  for (const { id, completions, tokensGiven, tokensDrawn } of cost.conditions) {
    t.is(completions, 12, id);
    t.is(tokensGiven, counts[id].promptTokens!, id);
    t.true(tokensDrawn > 0);
  }
  t.is(cost.conditions.length, Object.keys(counts).length);
  const [quarter, half] = cost.conditions;
  t.is(quarter.tokensGiven + quarter.tokensDrawn, half.tokensGiven + half.tokensDrawn);
  t.is(cost.featurePictures, 4 * 6 + 12 * 5);
  t.true(cost.machines.every(({ hours, batch }) => hours! > 0 && hours! < 1 && batch === 256));
});

import test from 'ava';
import { nearestTo } from '../../base/nearest.ts';

test('the nearest name takes the fewest changes, whatever its case; of equals the first', (t) => {
  const names = ['train.steps', 'train.seqLen', 'optim.lr'];
  t.deepEqual(nearestTo('TRAIN.SEQLEN', names), { candidate: 'train.seqLen', distance: 0 });
  t.deepEqual(nearestTo('train.stesp', names), { candidate: 'train.steps', distance: 2 });
  t.deepEqual(nearestTo('lr', names)?.candidate, 'optim.lr');
  t.deepEqual(nearestTo('ab', ['ax', 'xb']), { candidate: 'ax', distance: 1 });
  t.is(nearestTo('x', []), undefined);
});

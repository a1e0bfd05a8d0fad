import test from 'ava';
import { Suspects } from '../../../pipeline/queue/suspects.ts';

test('a partition with which a worker was lost is run alone', (t) => {
  const suspects = new Suspects();
  const [good, lost] = [{ stalledCounter: 0 }, { stalledCounter: 1 }];
  const [first, second] = [suspects.begin(good)!, suspects.begin(good)!];
  t.is(suspects.begin(lost), undefined);
  first();
  t.is(suspects.begin(lost), undefined);
  second();
  const alone = suspects.begin(lost)!;
  t.is(suspects.begin(good), undefined);
  t.is(suspects.begin(lost), undefined);
  alone();
  t.truthy(suspects.begin(good));
  t.truthy(suspects.begin(good));
});

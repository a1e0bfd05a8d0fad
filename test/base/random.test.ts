import test from 'ava';
import { hashWords, permutation, randomFractions, randomIntegers } from '../../base/random.ts';

// Written down from the first release: orders of datasets and samples of a seed must not change.

test('orders have the numbers that they always had', (t) => {
  const drawn = (...seed: number[]) => {
    const random = randomIntegers(...seed);
    return Array.from({ length: 6 }, () => random(1_000_000));
  };
  t.deepEqual(drawn(0), [926133, 548442, 589933, 619077, 370953, 360868]);
  t.deepEqual(drawn(7, 2), [86815, 94182, 963044, 782826, 680620, 377533]);
  t.deepEqual(drawn(1, 2, 3), [231566, 122731, 717613, 761116, 703187, 637908]);
  t.deepEqual([...permutation(10, randomIntegers(5, 0))], [4, 3, 7, 9, 6, 5, 2, 0, 1, 8]);
  t.deepEqual([hashWords(), hashWords(1, 2)], [2654435769, 4017857470]);
});

test('samples have the numbers that they always had', (t) => {
  const drawn = (seed: number, stream: number) => {
    const random = randomFractions(seed, stream);
    return Array.from({ length: 4 }, random);
  };
  t.deepEqual(
    drawn(0, 0),
    [0.8123875238145717, 0.6700614886101922, 0.5721020283089564, 0.09233919391173717],
  );
  t.deepEqual(
    drawn(3, 1),
    [0.8432196925640612, 0.3896497953705006, 0.6106414668849236, 0.8434923482154383],
  );
  t.deepEqual(
    drawn(4294967295, 12345),
    [0.5033743120730166, 0.6697776174051114, 0.8880041579918377, 0.5919975927658152],
  );
  const random = randomFractions(9, 9);
  let hash = 0;
  for (let i = 0; i < 10_000; i++) {
    hash = (hash * 31 + Math.floor(random() * 2 ** 32)) % 4_294_967_291;
  }
  t.is(hash, 1949386106);
});

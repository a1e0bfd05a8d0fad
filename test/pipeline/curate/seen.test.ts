import { createHash } from 'node:crypto';
import test from 'ava';
import { SeenHashes, SeenLooks } from '../../../pipeline/curate/seen.ts';
import { randomNumbers } from '../../helpers/rasters.ts';

test('SeenHashes: the first document of each hash, however many there are', (t) => {
  const seen = new SeenHashes();
  const hashOf = (i: number) => createHash('sha256').update(String(i)).digest();
  for (let i = 0; i < 5000; i++) {
    if (seen.add(hashOf(i), i) !== undefined) return t.fail(`document ${i} is new`);
  }
  for (let i = 0; i < 5000; i++) {
    if (seen.add(hashOf(i), 10_000 + i) !== i) return t.fail(`document ${i} is forgotten`);
  }
  t.is(seen.add(Buffer.alloc(32), 7), undefined, 'a hash of zeros is a hash');
  t.is(seen.add(Buffer.alloc(32), 8), 7);
});

for (const distance of [0, 1, 3, 4, 10]) {
  test(`SeenLooks: what comparing with all would find, up to ${distance} bits`, (t) => {
    const next = randomNumbers(distance + 1);
    const word = () => BigInt(next() >>> 0);
    const looks: bigint[] = [];
    for (let i = 0; i < 600; i++) {
      // Half of them are others with some bits turned.
      let look = i % 2 === 0 || i < 4 ? (word() << 32n) | word() : looks[next() % (i - 1)];
      if (i % 2 === 1) for (let k = next() % 13; k > 0; k--) look ^= 1n << BigInt(next() % 64);
      looks.push(look);
    }
    const seen = new SeenLooks(distance);
    const kept: number[] = [];
    let dropped = 0;
    for (const [i, look] of looks.entries()) {
      const wanted = kept.find((k) => bitsOf(looks[k] ^ look) <= distance);
      if (seen.add(look, i) !== wanted) return t.fail(`look ${i} of ${wanted}`);
      if (wanted === undefined) kept.push(i);
      else dropped++;
    }
    t.true(dropped > 20 && kept.length > 300, `${dropped} dropped, ${kept.length} kept`);
  });
}

function bitsOf(word: bigint): number {
  return word.toString(2).replaceAll('0', '').length;
}

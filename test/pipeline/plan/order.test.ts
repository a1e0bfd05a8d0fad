/** The order of the plan beside a plain sort: by hash, then by line; of duplicates one is kept. */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { Spool } from '../../../pipeline/plan/order.ts';
import { temporaryFolder } from '../../helpers/temporary.ts';

interface Input {
  line: string;
  orderKey: string;
  identity: string;
}

/** Enough that many share the 16 bits that the first pass sorts by. */
const MANY = 6000;

function hashOf(text: string): bigint {
  const digest = createHash('sha256').update(text, 'latin1').digest();
  return (BigInt(digest.readUInt32LE(0)) << 32n) | BigInt(digest.readUInt32LE(4));
}

function sorted(inputs: Input[]): string[] {
  const compare = (a: bigint | string, b: bigint | string) => (a < b ? -1 : a > b ? 1 : 0);
  return inputs
    .map(({ line, orderKey }) => ({ line, key: hashOf(orderKey) }))
    .sort((a, b) => compare(a.key, b.key) || compare(a.line, b.line))
    .map(({ line }) => line);
}

function through(spool: Spool, inputs: Input[]) {
  for (const { line, orderKey, identity } of inputs) spool.add(line, orderKey, identity);
  const { lines, ...counts } = spool.finish();
  return { lines: [...lines], ...counts };
}

test('lines come in the order of the hashes of their keys, whatever order they were added in', async (t) => {
  const path = join(await temporaryFolder(t), 'spool');
  const padding = 'ä'.repeat(150);
  const inputs = Array.from({ length: MANY }, (_, i) => ({
    line: `${i} ${padding.slice(i % 150)}`,
    orderKey: `key ${i}`,
    identity: '',
  }));
  const spool = new Spool(path, { findDuplicates: false });
  const found = through(spool, inputs);
  t.is(found.count, MANY);
  t.is(found.duplicates, 0);
  t.deepEqual(found.lines, sorted(inputs));
  spool.close();
  t.false(existsSync(path));
  const turned = new Spool(path, { findDuplicates: false });
  t.deepEqual(through(turned, inputs.toReversed()).lines, found.lines);
  turned.close();
});

/** Found by trying: the first 32 bits of their hashes are equal. */
const ALIKE = ['key 5979', 'key 77859', 'key 78438', 'key 92145'];

test('hashes that begin alike are told apart by the bits that follow', async (t) => {
  const inputs = ALIKE.map((orderKey, i) => ({ line: `${i}`, orderKey, identity: orderKey }));
  for (const added of [inputs, inputs.toReversed()]) {
    const spool = new Spool(join(await temporaryFolder(t), 'spool'), { findDuplicates: true });
    const found = through(spool, added);
    t.deepEqual(found.lines, sorted(inputs));
    t.is(found.duplicates, 0);
    spool.close();
  }
});

test('inputs with one key follow each other in the order of their lines', async (t) => {
  const spool = new Spool(join(await temporaryFolder(t), 'spool'), { findDuplicates: false });
  const inputs = ['c', 'a', 'd', 'b'].map((line) => ({ line, orderKey: 'one', identity: line }));
  t.deepEqual(through(spool, inputs).lines, ['a', 'b', 'c', 'd']);
  spool.close();
});

test('among equal inputs the one with the smallest line is kept, and the others are counted', async (t) => {
  const spool = new Spool(join(await temporaryFolder(t), 'spool'), { findDuplicates: true });
  const inputs = Array.from({ length: 900 }, (_, i) => ({
    line: `${String((i * 7) % 900).padStart(3, '0')}`,
    orderKey: `key ${i}`,
    identity: `${Math.floor(((i * 7) % 900) / 3)}`,
  }));
  const found = through(spool, inputs);
  t.is(found.count, 300);
  t.is(found.duplicates, 600);
  t.deepEqual(found.lines, sorted(inputs.filter(({ line }) => Number(line) % 3 === 0)));
  spool.close();
});

test('a spool of nothing has no lines; one that cannot be made says where', async (t) => {
  const folder = await temporaryFolder(t);
  const spool = new Spool(join(folder, 'spool'), { findDuplicates: true });
  t.deepEqual(through(spool, []), { lines: [], count: 0, duplicates: 0 });
  spool.close();
  t.throws(() => new Spool(join(folder, 'none/spool'), { findDuplicates: false }), {
    code: 'OUTPUT_UNWRITABLE',
    message: /none/,
  });
});

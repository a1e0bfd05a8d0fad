/** Pages of columns whose values may be missing. */
import test from 'ava';
import fc from 'fast-check';
import { COLUMN_TYPES, type ColumnValue } from '../../../schemas/columns.ts';
import { decodeNullable, encodeNullable } from '../../../shards/dataset/nullable.ts';

const VALUES = {
  string: fc.string({ unit: 'grapheme' }),
  int64: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  double: fc.double({ noNaN: true }),
  boolean: fc.boolean(),
};

for (const type of COLUMN_TYPES) {
  test(`values of ${type} come back, missing ones too`, (t) => {
    const values = fc.array(fc.option(VALUES[type] as fc.Arbitrary<ColumnValue>), {
      maxLength: 300,
    });
    fc.assert(
      fc.property(values, (given) => {
        const body = encodeNullable(given, type);
        const found = decodeNullable(body, type, given.length);
        // An integer that a number holds exactly is one.
        const wanted = given.map((value) =>
          typeof value === 'bigint' && Number.isSafeInteger(Number(value)) ? Number(value) : value,
        );
        t.deepEqual(found, wanted);
      }),
    );
  });

  test(`damaged pages of ${type} give an error, and no other values`, (t) => {
    const given = Array.from({ length: 40 }, (_, i): ColumnValue => {
      if (i % 3 === 0) return null;
      return { string: `text ${i}`, int64: i, double: i / 2, boolean: i % 2 === 0 }[type];
    });
    const body = encodeNullable(given, type);
    for (let cut = 0; cut < body.length; cut++) {
      t.throws(() => decodeNullable(body.subarray(0, cut), type, given.length), {
        instanceOf: RangeError,
      });
    }
    t.throws(() => decodeNullable(body, type, given.length + 1), { instanceOf: RangeError });
    t.throws(() => decodeNullable(Buffer.concat([body, Buffer.from([0])]), type, given.length));
  });
}

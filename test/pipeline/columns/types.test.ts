/** Types of columns, from all of their values. */
import test from 'ava';
import { ColumnTypes, kindOfText } from '../../../pipeline/columns/types.ts';
import { foundText, typedValue } from '../../../pipeline/columns/value.ts';

test('text is a number only where nothing of it gets lost', (t) => {
  const kinds = {
    'text integer': ['0', '-7', '9223372036854775807'],
    'text number': ['0.5', '-.5', '1e9', '9223372036854775808', '3.'],
    'text boolean': ['true', 'False'],
    text: ['007', '+5', 'e5', '.', '-', '1 ', 'NaN', '0x1', 'yes', '1_000', ''],
  };
  for (const [kind, texts] of Object.entries(kinds)) {
    for (const text of texts) t.is(kindOfText(text) as string, kind, text);
  }
  const exact = typedValue(foundText('9223372036854775807').raw, 'int64');
  t.is(exact, 9223372036854775807n);
});

test('a column of text has the narrowest type of all its values', (t) => {
  const typeOf = (...texts: string[]) => {
    const types = new ColumnTypes([{ name: 'a', from: 'a' }]);
    for (const [i, text] of texts.entries())
      types.observe(0, foundText(text), { file: 'f', row: i });
    return types.resolve()[0];
  };
  t.deepEqual(typeOf('1', '', '2'), { name: 'a', type: 'int64' });
  t.is(typeOf('1', '2.5').type, 'double');
  t.is(typeOf('true', 'false').type, 'boolean');
  t.is(typeOf('true', '1').type, 'string');
  t.is(typeOf('1', '007').type, 'string');
});

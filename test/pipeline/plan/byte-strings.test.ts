import test from 'ava';
import fc from 'fast-check';
import {
  absolute,
  bytesOf,
  escapePath,
  extensionOf,
  fromText,
  join,
  unescapePath,
} from '../../../pipeline/plan/byte-strings.ts';

const anyBytes = fc
  .uint8Array({ maxLength: 40 })
  .map((bytes) => Buffer.from(bytes).toString('latin1'));

test('any name of bytes comes back from its one field, which is one line of printable text', (t) => {
  fc.assert(
    fc.property(anyBytes, (path) => {
      const field = escapePath(path);
      t.is(unescapePath(field), path);
      // biome-ignore lint/suspicious/noControlCharactersInRegex: these may not be in it
      t.notRegex(field, /[\x00-\x1f\x7f]/);
    }),
  );
});

test('UTF-8 is written as text, other bytes by their number, a backslash twice', (t) => {
  t.is(escapePath(fromText('Müller/猫.jpg')), 'Müller/猫.jpg');
  t.is(escapePath('caf\xe9.jpg'), 'caf\\xe9.jpg');
  t.is(escapePath('a\\x41\n'), 'a\\\\x41\\x0a');
  t.is(unescapePath('a\\\\x41'), 'a\\x41', 'what was a backslash stays one');
});

test('a byte string has the bytes of the text it was made from', (t) => {
  t.deepEqual(bytesOf(fromText('é')), Buffer.from([0xc3, 0xa9]));
  t.is(fromText('é').length, 2);
});

test('paths are joined and made absolute, bytes kept', (t) => {
  t.is(join('', 'a'), 'a');
  t.is(join('/', 'a'), '/a');
  t.is(join('b', 'a\xff'), 'b/a\xff');
  t.is(absolute('/x\xff/../y'), '/x\xff/../y', 'what is absolute stays as it is');
  t.is(absolute(fromText('ü/a')), fromText(`${process.cwd()}/ü/a`));
});

test('the extension is what follows the last dot of the name', (t) => {
  t.is(extensionOf('a/b.tar.GZ'), '.gz');
  t.is(extensionOf('a.b/c'), '');
  t.is(extensionOf('a/.hidden'), '');
  t.is(extensionOf('a/.hidden.png'), '.png');
  t.is(extensionOf('a/b.'), '.');
});

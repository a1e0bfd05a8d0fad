import test from 'ava';
import { localPath, localSource } from '../../base/local-path.ts';

test('paths are taken as they are, and what only looks like a URL', (t) => {
  for (const path of ['a/b', '/a', 'C://x', 'c:/x', 'a:b', './s3://x', 's3:/x', '1x://y', '']) {
    t.is(localPath(path, '--out'), path);
  }
  t.is(localSource('@list.txt', 'SRC'), '@list.txt');
});

test('file URLs are paths', (t) => {
  t.is(localPath('file:///a/b%20c', '--out'), '/a/b c');
  t.is(localSource('@file:///a/list.txt', 'SRC'), '@/a/list.txt');
  t.throws(() => localPath('file://host/a', '--out'), {
    code: 'USAGE',
    message: /--out file:\/\/host\/a: /,
  });
});

for (const scheme of ['gs', 's3', 'S3', 'https', 'hdfs', 'az', 'git+ssh', 'x-y.z']) {
  test(`${scheme}:// is refused by name`, (t) => {
    const message = new RegExp(`^--out .*: ${scheme.toLowerCase().replaceAll('+', '\\+')}://`);
    t.throws(() => localPath(`${scheme}://bucket/x`, '--out'), { code: 'USAGE', message });
    t.throws(() => localSource(`@${scheme}://bucket/x`, 'SRC'), { code: 'USAGE' });
  });
}

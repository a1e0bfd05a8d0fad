/** Archives by what is particular about them. */
import { padded, pax, tar, tarEntry, tarHeader } from './tars.ts';

export const A = Buffer.from('the content of a, more than nothing');
export const B = Buffer.alloc(1500, 'b');
export const a = tarEntry({ name: 'a.jpg', content: A });
export const b = tarEntry({ name: 'b.jpg', content: B });
const link = (type: '1' | '2', name: string, linkName: string, more: object = {}) =>
  tarEntry({ name, type, linkName, ...more });

/** 40,000 bytes with something at 4,096 and at 20,480. */
export const PIECES: [offset: number, content: Buffer][] = [
  [4096, Buffer.alloc(512, 'x')],
  [20_480, Buffer.alloc(700, 'y')],
];
export const SPARSE_SIZE = 40_000;
const STORED = Buffer.concat(PIECES.map(([, content]) => content));
const numbers = PIECES.flatMap(([offset, content]) => [offset, content.length]);

function octal(value: number): string {
  return `${value.toString(8).padStart(11, '0')}\0`;
}

/** GNU's old form with `count` parts, four in the header and the others in blocks behind it. */
function oldSparse(name: string, count: number): Buffer {
  const parts = Array.from({ length: count }, (_, i): [number, number] => [i * 2048 + 512, 512]);
  const put = (block: Buffer, at: number, [offset, size]: [number, number]) =>
    block.write(octal(offset) + octal(size), at, 'latin1');
  const header = tarHeader({
    name,
    type: 'S',
    magic: 'gnu',
    size: count * 512,
    patch: (block) => {
      for (const [i, part] of parts.slice(0, 4).entries()) put(block, 386 + i * 24, part);
      block[482] = count > 4 ? 1 : 0;
      block.write(octal(count * 2048), 483, 'latin1');
    },
  });
  const more: Buffer[] = [];
  for (let from = 4; from < count; from += 21) {
    const block = Buffer.alloc(512);
    for (const [i, part] of parts.slice(from, from + 21).entries()) put(block, i * 24, part);
    block[504] = from + 21 < count ? 1 : 0;
    more.push(block);
  }
  const content = Buffer.concat(parts.map((_, i) => Buffer.alloc(512, 65 + (i % 26))));
  return Buffer.concat([header, ...more, content]);
}

const base256 = (value: number) => (block: Buffer) => {
  block.fill(0, 124, 136);
  block[124] = 0x80;
  block.writeUInt32BE(value, 132);
};

const LONG = `${'long/'.repeat(40)}name.jpg`;
const gnu = { magic: 'gnu' as const };

/** Members that Python's tarfile reads as they are: no problem is reported for them. */
export const WHOLE: Record<string, Buffer> = {
  'hard links': tar(a, link('1', 'b.jpg', 'a.jpg'), link('1', 'c.jpg', 'b.jpg')),
  'hard link with a size': tar(a, link('1', 'z.jpg', 'a.jpg', { size: A.length }), b),
  'hard link of dotted names': tar(
    tarEntry({ name: './a.jpg', content: A }),
    link('1', 'x/b.jpg', 'a.jpg'),
  ),
  'symbolic links': tar(
    link('2', 'x/first.jpg', '../a.jpg'),
    a,
    tarEntry({ name: 'x/', type: '5' }),
    link('2', 'x/y/second.jpg', '../first.jpg'),
  ),
  'a link to what is no input by name': tar(
    tarEntry({ name: 'blob.dat', content: A }),
    link('2', 'alias.dat', 'blob.dat'),
    link('1', 'b.jpg', 'alias.dat'),
  ),
  'two of one name, and a link': tar(
    a,
    tarEntry({ name: 'a.jpg', content: B }),
    link('2', 'c.jpg', 'a.jpg'),
  ),
  'v7 folders': tar(
    tarEntry({ name: 'x/', type: '\0', magic: 'v7' }),
    tarEntry({ name: 'x/a.jpg', type: '\0', magic: 'v7', content: A }),
  ),
  'contiguous files and unknown types': tar(
    tarEntry({ name: 'a.jpg', type: '7', content: A }),
    tarEntry({ name: 'b.jpg', type: 'Z', content: B }),
  ),
  'ustar prefix': tar(tarEntry({ name: 'a.jpg', prefix: 'deep/er', content: A })),
  'star prefix': tar(tarEntry({ name: 'a.jpg', prefix: 'deep', magic: 'star', content: A })),
  'GNU long names': tar(
    tarEntry({ name: '././@LongLink', type: 'L', ...gnu, content: `${LONG}\0` }),
    tarEntry({ name: LONG.slice(0, 100), ...gnu, content: A }),
    tarEntry({ name: '././@LongLink', type: 'K', ...gnu, content: `${LONG}\0` }),
    link('1', 'short.jpg', LONG.slice(0, 100), gnu),
  ),
  'pax names, sizes and links': tar(
    pax([
      ['path', LONG],
      ['size', String(A.length)],
    ]),
    tarEntry({ name: 'short', size: 0, content: A }),
    pax([['linkpath', LONG]]),
    link('1', 'b.jpg', 'short'),
    b,
  ),
  'global pax header': tar(
    pax([['comment', 'of git archive']], 'g'),
    a,
    pax([['mtime', '1.5']], 'X'),
    b,
  ),
  'base-256 size': tar(tarEntry({ name: 'a.jpg', content: B, patch: base256(B.length) }), a),
  'sparse, old': tar(oldSparse('s.jpg', 3), a),
  'sparse, old, in many parts': tar(oldSparse('s.jpg', 60), a),
  'sparse, pax 0.0': tar(
    pax([
      ['GNU.sparse.size', String(SPARSE_SIZE)],
      ['GNU.sparse.numblocks', '2'],
      ...PIECES.flatMap(([offset, { length }]): [string, string][] => [
        ['GNU.sparse.offset', String(offset)],
        ['GNU.sparse.numbytes', String(length)],
      ]),
    ]),
    tarEntry({ name: 's.jpg', content: STORED }),
    a,
  ),
  'sparse, pax 0.1': tar(
    pax([
      ['GNU.sparse.size', String(SPARSE_SIZE)],
      ['GNU.sparse.numblocks', '2'],
      ['GNU.sparse.map', numbers.join()],
      ['GNU.sparse.name', 's.jpg'],
    ]),
    tarEntry({ name: 'GNUSparseFile.7/s.jpg', content: STORED }),
    link('1', 'again.jpg', 's.jpg'),
    a,
  ),
  'sparse, pax 1.0': tar(
    pax([
      ['GNU.sparse.major', '1'],
      ['GNU.sparse.minor', '0'],
      ['GNU.sparse.realsize', String(SPARSE_SIZE)],
      ['GNU.sparse.name', 's.jpg'],
    ]),
    tarEntry({
      name: 'GNUSparseFile.7/s.jpg',
      content: Buffer.concat([padded(Buffer.from(['2', ...numbers, ''].join('\n'))), STORED]),
    }),
    a,
  ),
  'one zero block at the end': Buffer.concat([a, b, Buffer.alloc(512)]),
  'padding that is no header behind the end': Buffer.concat([tar(a), Buffer.alloc(512, 7)]),
};

/** Further reports; `unread` if inputs are missing because of it. */
export const TOLD: Record<string, [content: Buffer, problem: RegExp, unread: 0 | 1]> = {
  'cut off in a member': [tar(a, b).subarray(0, a.length + 900), /cut off inside b\.jpg/, 1],
  'cut off in a header': [tar(a, b).subarray(0, a.length + 100), /cut off$/, 1],
  'cut off behind a long name': [Buffer.concat([a, pax([['path', 'x.jpg']])]), /cut off$/, 1],
  'no end mark': [Buffer.concat([a, b]), /no end mark: the archive may be cut off/, 1],
  'a wrong checksum': [
    tar(a, b).fill(1, a.length, a.length + 3),
    /no tar header at byte 1024: .*damaged/,
    1,
  ],
  'joined by cat': [
    Buffer.concat([tar(a), tar(b)]),
    /another archive begins behind its end mark, at byte 2048/,
    1,
  ],
  'a link out of the archive': [
    tar(a, link('2', 'l.jpg', '/etc/x.jpg')),
    /l\.jpg: a link to \/etc\/x\.jpg, which is not in the archive/,
    1,
  ],
  'a hard link to what comes later': [
    tar(link('1', 'l.jpg', 'a.jpg'), a),
    /l\.jpg: a link to a\.jpg, which is not/,
    1,
  ],
  'links that lead to each other': [
    tar(a, link('2', 'l.jpg', 'm.jpg'), link('2', 'm.jpg', 'l.jpg')),
    /l\.jpg: a link to m\.jpg/,
    1,
  ],
  'a link to a folder': [
    tar(a, tarEntry({ name: 'x/', type: '5' }), link('2', 'l', 'x')),
    /a link to a folder/,
    0,
  ],
  'a device': [tar(a, tarEntry({ name: 'd.jpg', type: '3' })), /d\.jpg: a device, not a file/, 0],
  'a named pipe': [
    tar(a, tarEntry({ name: 'p.jpg', type: '6' })),
    /p\.jpg: a named pipe, not a file/,
    0,
  ],
  'the rest of a file': [
    tar(tarEntry({ name: 'm.jpg', type: 'M', ...gnu, content: B }), a),
    /the rest of a file that begins in another volume/,
    1,
  ],
  'an archive inside': [
    tar(a, tarEntry({ name: 'in.tar.gz', content: B })),
    /in\.tar\.gz: an archive inside an archive/,
    1,
  ],
  'a damaged pax header': [
    tar(a, tarEntry({ name: 'p', type: 'x', content: '99 path=x\n' }), b),
    /damaged extended header/,
    1,
  ],
  'a damaged sparse map': [
    tar(
      pax([
        ['GNU.sparse.size', '10'],
        ['GNU.sparse.map', '0,512,100,512'],
      ]),
      tarEntry({ name: 's.jpg', content: B }),
    ),
    /damaged sparse map/,
    1,
  ],
};

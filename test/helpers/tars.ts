/** Tar archives of every kind, made block by block: programs at hand write only some of them. */

export interface TarEntry {
  name: string;
  content?: Uint8Array | string;
  type?: string;
  linkName?: string;
  /** Value of the size field, if it differs from the size of the content. */
  size?: number;
  magic?: 'ustar' | 'gnu' | 'v7' | 'star';
  prefix?: string;
  /** Changes the block before the checksum is made. */
  patch?: (block: Buffer) => void;
}

export function padded(content: Uint8Array): Buffer {
  return Buffer.concat([content, Buffer.alloc(-content.length & 511)]);
}

export function tarHeader(entry: TarEntry): Buffer {
  const { name, type = '0', linkName = '', magic = 'ustar', prefix = '' } = entry;
  const block = Buffer.alloc(512);
  block.write(name, 0, 100, 'latin1');
  block.write('0000644\0', 100, 'latin1');
  const size = entry.size ?? Buffer.from(entry.content ?? '').length;
  block.write(`${size.toString(8).padStart(11, '0')}\0`, 124, 'latin1');
  block.write('00000000000\0', 136, 'latin1');
  block.write(type, 156, 1, 'latin1');
  block.write(linkName, 157, 100, 'latin1');
  if (magic === 'ustar' || magic === 'star') block.write('ustar\x0000', 257, 'latin1');
  if (magic === 'gnu') block.write('ustar  \0', 257, 'latin1');
  if (magic === 'star') block.write('tar\0', 508, 'latin1');
  block.write(prefix, 345, 155, 'latin1');
  entry.patch?.(block);
  block.fill(' ', 148, 156);
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  return block;
}

export function tarEntry(entry: TarEntry): Buffer {
  return Buffer.concat([tarHeader(entry), padded(Buffer.from(entry.content ?? ''))]);
}

/** `27 path=some/name.jpg\n` …, the length counting all of itself. */
export function paxRecords(records: readonly (readonly [string, string])[]): string {
  return records
    .map(([keyword, value]) => {
      const rest = ` ${keyword}=${value}\n`;
      let length = rest.length + 1;
      while (`${length}${rest}`.length !== length) length = `${length}${rest}`.length;
      return `${length}${rest}`;
    })
    .join('');
}

/** An extended header, for the entry that follows or (type `g`) for all. */
export function pax(records: readonly (readonly [string, string])[], type = 'x'): Buffer {
  return tarEntry({ name: 'PaxHeader', type, content: paxRecords(records) });
}

export const TAR_END = Buffer.alloc(1024);

export function tar(...parts: Uint8Array[]): Buffer {
  return Buffer.concat([...parts, TAR_END]);
}

/** Files as torch.save writes them, put together by hand: an archive of stored records around a pickle. */
import { createRequire } from 'node:module';
import { crc32 } from 'node:zlib';
import { testIf } from './tools.ts';

const hasYauzl = (() => {
  try {
    createRequire(import.meta.url).resolve('yauzl');
    return true;
  } catch {
    return false;
  }
})();

/** A test that reads weights of torch. */
export function testTorch(title: string, body: Parameters<typeof testIf>[3]): void {
  testIf(hasYauzl, 'the package yauzl is not installed', title, body);
}

export interface ZipChange {
  /** Compression of all records; 0 means stored. */
  method?: number;
  /** Added to where the list says that the headers of records lie. */
  shift?: number;
  /** In place of the size that the list says. */
  size?: number;
}

/** @param records contents by name */
export function zipOf(records: Record<string, Buffer>, change: ZipChange = {}): Buffer {
  const parts: Buffer[] = [];
  const list: Buffer[] = [];
  let at = 0;
  for (const [name, content] of Object.entries(records)) {
    const local = Buffer.alloc(30);
    local.write('PK\u0003\u0004', 'latin1');
    local.writeUInt16LE(name.length, 26);
    const entry = Buffer.alloc(46);
    entry.write('PK\u0001\u0002', 'latin1');
    entry.writeUInt16LE(change.method ?? 0, 10);
    entry.writeUInt32LE(crc(content), 16);
    entry.writeUInt32LE(change.size ?? content.length, 20);
    entry.writeUInt32LE(change.size ?? content.length, 24);
    entry.writeUInt16LE(name.length, 28);
    entry.writeUInt32LE(at + (change.shift ?? 0), 42);
    list.push(entry, Buffer.from(name));
    parts.push(local, Buffer.from(name), content);
    at += 30 + name.length + content.length;
  }
  const directory = Buffer.concat(list);
  const end = Buffer.alloc(22);
  end.write('PK\u0005\u0006', 'latin1');
  end.writeUInt16LE(Object.keys(records).length, 8);
  end.writeUInt16LE(Object.keys(records).length, 10);
  end.writeUInt32LE(directory.length, 12);
  end.writeUInt32LE(at, 16);
  return Buffer.concat([...parts, directory, end]);
}

/** Node 20.11 has no crc32 yet; nobody checks it here. */
function crc(content: Buffer): number {
  return typeof crc32 === 'function' ? crc32(content) : 0;
}

/** Pieces of pickles. */
export const pickle = {
  text(value: string): Buffer {
    const bytes = Buffer.from(value);
    const length = Buffer.alloc(4);
    length.writeUInt32LE(bytes.length);
    return Buffer.concat([Buffer.from('X'), length, bytes]);
  },
  int(value: number): Buffer {
    const bytes = Buffer.alloc(5, 'J');
    bytes.writeInt32LE(value, 1);
    return bytes;
  },
  global: (module: string, name: string) => Buffer.from(`c${module}\n${name}\n`),
  tuple: (...items: Buffer[]) => Buffer.concat([Buffer.from('('), ...items, Buffer.from('t')]),
  dict: (...items: Buffer[]) => Buffer.concat([Buffer.from('}('), ...items, Buffer.from('u')]),
  call: (called: Buffer, args: Buffer) => Buffer.concat([called, args, Buffer.from('R')]),
  whole: (value: Buffer) => Buffer.concat([Buffer.of(0x80, 2), value, Buffer.from('.')]),
};

export interface TensorChange {
  /** Items behind the number of elements, as the form before release 1.6 has one. */
  more?: Buffer[];
  storage?: string;
  key?: string;
  length?: number;
  offset?: number;
  shape?: number[];
  strides?: number[];
}

/** A tensor of two fp32 by default. */
export function tensor(change: TensorChange = {}): Buffer {
  const { storage = 'FloatStorage', key = '0', length = 2, offset = 0 } = change;
  const { shape = [2], strides = [1], more = [] } = change;
  const id = pickle.tuple(
    pickle.text('storage'),
    pickle.global('torch', storage),
    ...[pickle.text(key), pickle.text('cpu'), pickle.int(length), ...more],
  );
  return pickle.call(
    pickle.global('torch._utils', '_rebuild_tensor_v2'),
    pickle.tuple(
      Buffer.concat([id, Buffer.from('Q')]),
      pickle.int(offset),
      pickle.tuple(...shape.map(pickle.int)),
      pickle.tuple(...strides.map(pickle.int)),
      Buffer.of(0x89),
      pickle.call(pickle.global('collections', 'OrderedDict'), Buffer.from(')')),
    ),
  );
}

/** A file with that state dict, and one record of two fp32, 1 and 2. */
export function torchFile(dict: Buffer, zip: ZipChange = {}, more = {}): Buffer {
  const data = Buffer.from(Float32Array.of(1, 2).buffer);
  const records = { 'a/data.pkl': pickle.whole(dict), 'a/data/0': data, ...more };
  return zipOf(records, zip);
}

const NONE = Buffer.from('N');
const TRUE = Buffer.of(0x88);

/** A tensor as releases before 1.6 describe it. */
export function oldTensor(change: TensorChange = {}): Buffer {
  return tensor({ more: [NONE], ...change });
}

export interface OldFileChange {
  version?: number;
  littleEndian?: Buffer;
  /** Pickle of the keys of the storages. */
  keys?: Buffer;
  /** Elements that the storage says it has. */
  count?: bigint;
  behind?: Buffer;
}

/** The form before release 1.6 with that state dict, and one storage `0` of two fp32, 1 and 2. */
export function oldTorchFile(dict: Buffer, change: OldFileChange = {}): Buffer {
  const { version = 1001, littleEndian = TRUE, count = 2n, behind = Buffer.alloc(0) } = change;
  const { keys = Buffer.concat([Buffer.from(']'), pickle.text('0'), Buffer.from('a')]) } = change;
  const elements = Buffer.alloc(8);
  elements.writeBigInt64LE(count);
  return Buffer.concat([
    Buffer.from('80028a0a6cfc9c46f9206aa850192e', 'hex'),
    pickle.whole(pickle.int(version)),
    pickle.whole(pickle.dict(pickle.text('little_endian'), littleEndian)),
    pickle.whole(dict),
    pickle.whole(keys),
    ...[elements, Buffer.from(Float32Array.of(1, 2).buffer), behind],
  ]);
}

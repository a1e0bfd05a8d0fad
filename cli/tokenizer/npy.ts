/**
 * Reads and writes NumPy's .npy files: version 1.0, one dimension of little-endian uint16
 * (numpy.lib.format).
 */
import { endianness } from 'node:os';
import { CodecLmError } from '../../base/error.ts';

const MAGIC = Buffer.from('\x93NUMPY', 'latin1');
const PREFIX = 10;

export function toNpy(ids: Uint16Array): Uint8Array {
  const shape = `{'descr': '<u2', 'fortran_order': False, 'shape': (${ids.length},), }`;
  // The data begins at a multiple of 64 bytes; the header ends in a newline.
  const padding = 63 - ((PREFIX + shape.length) % 64);
  const header = `${shape}${' '.repeat(padding)}\n`;
  const prefix = Buffer.from([...MAGIC, 1, 0, header.length & 255, header.length >> 8]);
  return Buffer.concat([prefix, Buffer.from(header, 'latin1'), littleEndian(ids)]);
}

/**
 * @throws CodecLmError `TOKEN_INVALID` when the file does not have the form that `toNpy` writes
 */
export function fromNpy(file: Uint8Array, path: string): Uint16Array {
  const bytes = Buffer.from(file.buffer, file.byteOffset, file.byteLength);
  const isNpy = bytes.length > PREFIX && bytes.subarray(0, 6).equals(MAGIC) && bytes[6] === 1;
  const start = isNpy ? PREFIX + bytes.readUInt16LE(8) : 0;
  const header = bytes.subarray(PREFIX, start).toString('latin1');
  const shape = /'shape': \((\d+),\)/.exec(header);
  if (!isNpy || !header.includes("'descr': '<u2'") || !shape) {
    throw new CodecLmError('TOKEN_INVALID', `${path} is not a one-dimensional uint16 .npy file`, {
      path,
    });
  }
  const count = Number(shape[1]);
  if (bytes.length - start !== 2 * count) {
    throw new CodecLmError(
      'TOKEN_INVALID',
      `${path}: ${count} tokens in the header, but ${bytes.length - start} bytes of data`,
      { path },
    );
  }
  return Uint16Array.from({ length: count }, (_, i) => bytes.readUInt16LE(start + 2 * i));
}

function littleEndian(ids: Uint16Array): Buffer {
  const bytes = Buffer.from(ids.slice().buffer);
  return endianness() === 'LE' ? bytes : bytes.swap16();
}

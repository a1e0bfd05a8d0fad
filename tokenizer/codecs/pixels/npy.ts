/** A matrix of floats from NumPy's .npy (numpy.lib.format, versions 1 to 3). */
import { CodecLmError } from '../../../base/error.ts';

const MAGIC = Buffer.from('\x93NUMPY', 'latin1');
/** Limit of numbers: no palette has more. */
const MOST_VALUES = 3 * 65_536;

const READERS: Readonly<Record<string, (bytes: Buffer, at: number) => number>> = {
  '<f4': (bytes, at) => bytes.readFloatLE(at),
  '>f4': (bytes, at) => bytes.readFloatBE(at),
  '<f8': (bytes, at) => bytes.readDoubleLE(at),
  '>f8': (bytes, at) => bytes.readDoubleBE(at),
};

export interface FloatMatrix {
  readonly rows: number;
  readonly columns: number;
  /** [rows, columns] */
  readonly values: Float64Array;
}

export function isNpy(file: Uint8Array): boolean {
  return MAGIC.equals(file.subarray(0, MAGIC.length));
}

/** @throws CodecLmError `CONFIG_INVALID` for anything but a matrix of floats */
export function readNpy(file: Uint8Array, path: string): FloatMatrix {
  const bytes = Buffer.from(file.buffer, file.byteOffset, file.byteLength);
  const wrong = (what: string) =>
    new CodecLmError('CONFIG_INVALID', `${path} is no array of colours: ${what}`, {
      path,
      hint: 'save it as numpy.save("FILE.npy", clusters), float32 of shape [colours, 3]',
    });
  if (bytes.length < 12) throw wrong(`only ${bytes.length} bytes`);
  const isOld = bytes[6] === 1;
  const start = isOld ? 10 + bytes.readUInt16LE(8) : 12 + bytes.readUInt32LE(8);
  if (start > bytes.length) throw wrong('its header is cut off');
  const header = bytes.subarray(isOld ? 10 : 12, start).toString('latin1');
  const type = /'descr': '([^']*)'/.exec(header)?.[1] ?? 'unknown';
  const shape = /'shape': \(([^)]*)\)/.exec(header)?.[1] ?? '';
  const sides = shape.split(',').map((side) => side.trim());
  if (!Object.hasOwn(READERS, type)) throw wrong(`numbers of type ${type}, not float32 or float64`);
  if (sides.length !== 2 || !sides.every((side) => /^\d+$/.test(side))) {
    throw wrong(`its shape is (${shape}), not (colours, 3)`);
  }
  const [rows, columns] = sides.map(Number);
  const width = Number(type[2]);
  if (rows * columns > MOST_VALUES || bytes.length - start !== rows * columns * width) {
    const found = `${bytes.length - start} bytes for ${rows}x${columns} numbers of ${width}`;
    throw wrong(found);
  }
  const isFortran = /'fortran_order': True/.test(header);
  const values = Float64Array.from({ length: rows * columns }, (_, i) => {
    const [row, column] = [Math.floor(i / columns), i % columns];
    const place = isFortran ? column * rows + row : i;
    return READERS[type](bytes, start + place * width);
  });
  return { rows, columns, values };
}

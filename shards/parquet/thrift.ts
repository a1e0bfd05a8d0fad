/**
 * Reads thrift's compact protocol, in which Parquet keeps its footers, indices and page headers: a
 * structure becomes an array of its fields by their numbers. The reader of parquetjs-lite makes an
 * object of its own for each 64-bit integer, which took half of the time of opening a shard.
 *
 * The protocol: https://github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md
 */

/** Fields by number; those that were not written are undefined. */
export type Struct = readonly Value[];
export type Value = number | boolean | Buffer | undefined | readonly Value[];

/** Numbers of the types in the protocol. */
const [TRUE, FALSE, BYTE, I16, I32, I64, DOUBLE, BINARY, LIST, SET, STRUCT] = [
  1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 12,
];
/** Structures of Parquet are five levels deep. */
const MAX_DEPTH = 32;
/** Numbers of fields in Parquet are below 20; a damaged one must not make a huge array. */
const MAX_FIELD = 1024;
const MAX_VARINT_BYTES = 10;

/**
 * @returns the structure that begins at `start`, and the offset behind it
 * @throws RangeError when the bytes are none, or end too early
 */
export function readStruct(bytes: Buffer, start = 0): { fields: Struct; end: number } {
  const reader = new CompactReader(bytes, start);
  const fields = reader.struct(0);
  return { fields, end: reader.at };
}

class CompactReader {
  at: number;
  readonly #bytes: Buffer;

  constructor(bytes: Buffer, start: number) {
    this.#bytes = bytes;
    this.at = start;
  }

  struct(depth: number): Struct {
    if (depth > MAX_DEPTH) throw new RangeError('structures too deep');
    const fields: Value[] = [];
    for (let field = 0; ; ) {
      const head = this.#byte();
      if (head === 0) return fields;
      const type = head & 15;
      // The difference to the number of the field before, or the number itself behind this byte.
      field = head > 15 ? field + (head >> 4) : this.#integer();
      if (!(field >= 0 && field <= MAX_FIELD)) throw new RangeError(`field ${field}`);
      fields[field] = this.#field(type, depth);
    }
  }

  #field(type: number, depth: number): Value {
    if (type === TRUE || type === FALSE) return type === TRUE;
    return this.#value(type, depth);
  }

  #value(type: number, depth: number): Value {
    switch (type) {
      case I16:
      case I32:
      case I64:
        return this.#integer();
      case BINARY:
        return this.#take(this.#varint());
      case STRUCT:
        return this.struct(depth + 1);
      case LIST:
      case SET:
        return this.#list(depth + 1);
      case BYTE:
        return (this.#byte() << 24) >> 24;
      case DOUBLE:
        return this.#take(8).readDoubleLE();
      default:
        throw new RangeError(`type ${type} of a field`);
    }
  }

  #list(depth: number): readonly Value[] {
    if (depth > MAX_DEPTH) throw new RangeError('structures too deep');
    const head = this.#byte();
    const type = head & 15;
    const count = head >> 4 === 15 ? this.#varint() : head >> 4;
    // Every element takes a byte at least.
    if (count > this.#bytes.length - this.at) throw new RangeError(`a list of ${count} elements`);
    const isBoolean = type === TRUE || type === FALSE;
    const values: Value[] = [];
    for (let i = 0; i < count; i++) {
      values.push(isBoolean ? this.#byte() === TRUE : this.#value(type, depth));
    }
    return values;
  }

  #byte(): number {
    if (this.at >= this.#bytes.length) throw new RangeError('it ends too early');
    return this.#bytes[this.at++];
  }

  #take(length: number): Buffer {
    if (length > this.#bytes.length - this.at) throw new RangeError('it ends too early');
    this.at += length;
    return this.#bytes.subarray(this.at - length, this.at);
  }

  /** Not exact beyond 2^53, and never a safe integer there. */
  #varint(): number {
    let value = 0;
    for (let scale = 1, count = 0; count < MAX_VARINT_BYTES; scale *= 128, count++) {
      const byte = this.#byte();
      value += (byte & 127) * scale;
      if (byte < 128) return value;
    }
    throw new RangeError('an integer without an end');
  }

  /** Zigzag: 0, -1, 1, -2 … */
  #integer(): number {
    const value = this.#varint();
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
  }
}

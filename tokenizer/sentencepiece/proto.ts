/** Reads the wire format of protocol buffers, as far as a sentencepiece model uses it. */

/** A varint has seven bits a byte, and 64 bits at most. */
const MAX_VARINT = 10;

/** A field of a message: a number, or bytes (a text, a message, a float). */
export interface ProtoField {
  number: number;
  value: number | Buffer;
}

/** The bytes are no message. */
export class ProtoError extends Error {}

/**
 * The fields of a message in the order of the file. A field may come again: then the last one counts,
 * where it is not a list.
 * @throws ProtoError for what is cut off or no message
 */
export function* protoFields(message: Buffer): Generator<ProtoField> {
  let at = 0;
  const varint = (): number => {
    let value = 0n;
    for (let i = 0; i < MAX_VARINT; i++) {
      if (at >= message.length) throw new ProtoError('it is cut off in a number');
      const byte = message[at++];
      value |= BigInt(byte & 0x7f) << BigInt(7 * i);
      // Negative numbers are written as 64 bits.
      if (byte < 0x80) return Number(BigInt.asIntN(64, value));
    }
    throw new ProtoError('a number is longer than 64 bits');
  };
  const bytes = (length: number): Buffer => {
    if (length < 0 || length > message.length - at) {
      throw new ProtoError(`${length} bytes are wanted, ${message.length - at} are left`);
    }
    at += length;
    return message.subarray(at - length, at);
  };
  while (at < message.length) {
    const tag = varint();
    const number = Math.floor(tag / 8);
    if (number < 1) throw new ProtoError('a field without a number');
    switch (tag & 7) {
      case 0:
        yield { number, value: varint() };
        break;
      case 1:
        yield { number, value: bytes(8) };
        break;
      case 2:
        yield { number, value: bytes(varint()) };
        break;
      case 5:
        yield { number, value: bytes(4) };
        break;
      default:
        throw new ProtoError(`field ${number} has a wire type that is not in use`);
    }
  }
}

/** @throws ProtoError for a field of another type */
export function textIn({ number, value }: ProtoField): string {
  if (typeof value === 'number') throw new ProtoError(`field ${number} is no text`);
  return value.toString('utf8');
}

/** @throws ProtoError for a field of another type */
export function numberIn({ number, value }: ProtoField): number {
  if (typeof value !== 'number') throw new ProtoError(`field ${number} is no number`);
  return value;
}

/** @throws ProtoError for a field of another type */
export function floatIn({ number, value }: ProtoField): number {
  if (typeof value === 'number' || value.length !== 4) {
    throw new ProtoError(`field ${number} is no float`);
  }
  return value.readFloatLE();
}

/** @throws ProtoError for a field of another type */
export function messageIn({ number, value }: ProtoField): Buffer {
  if (typeof value === 'number') throw new ProtoError(`field ${number} is no message`);
  return value;
}

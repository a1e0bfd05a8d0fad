/** Records of a TensorBoard event file: `Event` messages (TensorFlow's event.proto) in TFRecord frames. */
import { maskedCrc32c } from './crc32c.ts';

/** Field numbers of event.proto and summary.proto. */
const EVENT = { wallTime: 1, step: 2, fileVersion: 3, summary: 5, sessionLog: 7 } as const;
const SUMMARY = { value: 1 } as const;
const VALUE = { tag: 1, simpleValue: 2 } as const;
const SESSION_LOG = { status: 1 } as const;
const STATUS_START = 1;

/** Wire types of fields. */
const WIRE = { varint: 0, double: 1, bytes: 2, float: 5 } as const;

/** @param wallTime seconds since 1970 */
export function versionRecord(wallTime: number): Buffer {
  return frame(event(wallTime, 0, bytes(EVENT.fileVersion, Buffer.from('brain.Event:2'))));
}

/**
 * Tells TensorBoard that the run continues after `step`, so that it drops later steps that it has
 * read.
 */
export function startRecord(wallTime: number, step: number): Buffer {
  const status = varint(SESSION_LOG.status, STATUS_START);
  return frame(event(wallTime, step + 1, bytes(EVENT.sessionLog, status)));
}

export function scalarsRecord(
  wallTime: number,
  step: number,
  scalars: Readonly<Record<string, number>>,
): Buffer {
  const values = Object.entries(scalars).map(([tag, value]) =>
    bytes(
      SUMMARY.value,
      Buffer.concat([bytes(VALUE.tag, Buffer.from(tag)), float(VALUE.simpleValue, value)]),
    ),
  );
  return frame(event(wallTime, step, bytes(EVENT.summary, Buffer.concat(values))));
}

function event(wallTime: number, step: number, content: Buffer): Buffer {
  const time = Buffer.alloc(9);
  time[0] = (EVENT.wallTime << 3) | WIRE.double;
  time.writeDoubleLE(wallTime, 1);
  return Buffer.concat([time, varint(EVENT.step, step), content]);
}

/** Frames a record: length, checksum of the length, data, checksum of the data. */
function frame(data: Buffer): Buffer {
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(data.length));
  return Buffer.concat([length, checksum(length), data, checksum(data)]);
}

function checksum(data: Buffer): Buffer {
  const result = Buffer.alloc(4);
  result.writeUInt32LE(maskedCrc32c(data));
  return result;
}

function varint(field: number, value: number): Buffer {
  return Buffer.concat([Buffer.of((field << 3) | WIRE.varint), encodeVarint(value)]);
}

function bytes(field: number, content: Buffer): Buffer {
  const head = Buffer.of((field << 3) | WIRE.bytes);
  return Buffer.concat([head, encodeVarint(content.length), content]);
}

function float(field: number, value: number): Buffer {
  const result = Buffer.alloc(5);
  result[0] = (field << 3) | WIRE.float;
  result.writeFloatLE(value, 1);
  return result;
}

/** Seven bits per byte, the lowest first. */
function encodeVarint(value: number): Buffer {
  const digits: number[] = [];
  let rest = value;
  while (rest >= 128) {
    digits.push((rest % 128) | 128);
    rest = Math.floor(rest / 128);
  }
  return Buffer.from([...digits, rest]);
}

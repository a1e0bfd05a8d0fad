import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import { readSeries } from '../../../trainer/report/series.ts';
import { crc32c, maskedCrc32c } from '../../../trainer/tensorboard/crc32c.ts';
import { makeSmallDataset, smallFit } from '../../helpers/small-run.ts';
import { temporaryFolder } from '../../helpers/temporary.ts';

test('CRC-32C gives the examples of RFC 3720, appendix B.4', (t) => {
  t.is(crc32c(new Uint8Array(32)), 0x8a9136aa);
  t.is(crc32c(new Uint8Array(32).fill(0xff)), 0x62a8ab43);
  t.is(crc32c(Uint8Array.from({ length: 32 }, (_, i) => i)), 0x46dd794e);
  t.is(crc32c(Buffer.from('123456789')), 0xe3069283);
});

test.serial('the event files of a run hold its metrics, record by record', async (t) => {
  const folder = await temporaryFolder(t);
  const data = await makeSmallDataset(folder);
  const out = join(folder, 'run');
  await smallFit({ data, out, set: ['train.steps=3', 'train.evalEvery=2'] });
  const [name, ...others] = await readdir(join(out, 'tensorboard'));
  t.deepEqual(others, []);
  t.regex(name, /^events\.out\.tfevents\.\d{10}\./);
  const events = [...records(await readFile(join(out, 'tensorboard', name)))].map(decodeEvent);
  t.is(events[0].fileVersion, 'brain.Event:2');
  t.is(events[1].sessionStatus, 1);
  const { train, val } = await readSeries(out);
  const scalars = events.slice(2);
  t.deepEqual(
    scalars.map(({ step }) => step),
    [1, 2, 2, 3, 3],
  );
  for (const { step, values } of scalars) {
    const isVal = 'val/loss' in values;
    const row = (isVal ? val : train).find((row) => row.step === step)!;
    const { split, step: _, ...numbers } = row;
    t.deepEqual(
      values,
      Object.fromEntries(
        Object.entries(numbers).map(([key, x]) => [`${split}/${key}`, Math.fround(x as number)]),
      ),
    );
  }
});

/** TFRecord frames, each checksum checked. */
function* records(file: Buffer): Generator<Buffer> {
  let at = 0;
  while (at < file.length) {
    const length = Number(file.readBigUInt64LE(at));
    const data = file.subarray(at + 12, at + 12 + length);
    for (const [bytes, from] of [
      [file.subarray(at, at + 8), at + 8],
      [data, at + 12 + length],
    ] as const) {
      if (maskedCrc32c(bytes) !== file.readUInt32LE(from)) throw new Error(`checksum at ${from}`);
    }
    yield data;
    at += 16 + length;
  }
}

/** The fields of event.proto that are used. */
function decodeEvent(message: Buffer) {
  const event = {
    step: 0,
    fileVersion: '',
    sessionStatus: -1,
    values: {} as Record<string, number>,
  };
  for (const { field, value } of fields(message)) {
    if (field === 2) event.step = value as number;
    if (field === 3) event.fileVersion = String(value);
    if (field === 7) event.sessionStatus = [...fields(value as Buffer)][0].value as number;
    if (field !== 5) continue;
    for (const { value: entry } of fields(value as Buffer)) {
      const [tag, simple] = fields(entry as Buffer);
      event.values[String(tag.value)] = simple.value as number;
    }
  }
  return event;
}

/** Fields of a protobuf message: varints, doubles, lengths and floats. */
function* fields(message: Buffer): Generator<{ field: number; value: number | Buffer }> {
  let at = 0;
  const varint = () => {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = message[at++];
      value += (byte & 127) * scale;
      if (byte < 128) return value;
    }
  };
  while (at < message.length) {
    const key = varint();
    const [field, wire] = [key >> 3, key & 7];
    if (wire === 0) yield { field, value: varint() };
    else if (wire === 1) yield { field, value: message.readDoubleLE((at += 8) - 8) };
    else if (wire === 5) yield { field, value: message.readFloatLE((at += 4) - 4) };
    else {
      const length = varint();
      yield { field, value: message.subarray(at, (at += length)) };
    }
  }
}

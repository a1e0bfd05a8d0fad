import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { CodecLmError } from '../../../base/error.ts';
import { toFloat32 } from '../../../base/safetensors/floats.ts';
import { listTorchTensors } from '../../../trainer/torch/file.ts';
import { temporaryFolder } from '../../helpers/temporary.ts';
import { pickle, tensor, testTorch, torchFile, zipOf } from '../../helpers/torch.ts';

const GOLDEN = join(import.meta.dirname, '../../golden/import');

async function written(t: ExecutionContext, content: Buffer): Promise<string> {
  const path = join(await temporaryFolder(t), 'pytorch_model.bin');
  await writeFile(path, content);
  return path;
}

async function valuesOf(path: string): Promise<Record<string, unknown>> {
  const found: Record<string, unknown> = {};
  for (const [name, stored] of await listTorchTensors(path)) {
    const bytes = await stored.read();
    found[name] = [stored.shape, [...toFloat32(bytes, stored.dtype as 'F32')]];
  }
  return found;
}

const named = (name: string, value: Buffer) => pickle.dict(pickle.text(name), value);

testTorch('views of a storage: strides, offsets, one value, none, shared', async (t) => {
  const tensors = {
    plain: tensor(),
    second: tensor({ offset: 1, shape: [1] }),
    scalar: tensor({ shape: [], strides: [] }),
    none: tensor({ shape: [0, 3], strides: [3, 1] }),
    column: tensor({ shape: [2, 1], strides: [1, 7] }),
    expanded: tensor({ shape: [2, 2], strides: [0, 1] }),
    turned: tensor({ shape: [2, 2], strides: [1, 0] }),
  };
  const entries = Object.entries(tensors).flatMap(([name, value]) => [pickle.text(name), value]);
  const path = await written(t, torchFile(pickle.dict(...entries)));
  t.deepEqual(await valuesOf(path), {
    plain: [[2], [1, 2]],
    second: [[1], [2]],
    scalar: [[], [1]],
    none: [[0, 3], []],
    column: [
      [2, 1],
      [1, 2],
    ],
    expanded: [
      [2, 2],
      [1, 2, 1, 2],
    ],
    turned: [
      [2, 2],
      [1, 1, 2, 2],
    ],
  });
});

testTorch('what is no state dict of tensors is refused by name', async (t) => {
  const counter = pickle.call(pickle.global('collections', 'Counter'), Buffer.from(')'));
  const rebuild = (name: string) => pickle.global('torch._utils', name);
  const cases: [Buffer, RegExp][] = [
    [torchFile(named('w', counter)), /"collections\.Counter" of Python, which is not on the list/],
    [torchFile(pickle.global('os', 'sep')), /"os\.sep"/],
    [torchFile(rebuild('_rebuild_tensor_v3')), /float8 or uint16/],
    [torchFile(rebuild('_rebuild_meta_tensor_no_storage')), /meta device/],
    [torchFile(named('w', tensor({ storage: 'ComplexStorage' }))), /"torch\.ComplexStorage"/],
    [torchFile(named('w', pickle.int(3))), /w is no tensor/],
    [torchFile(named('a\nb', pickle.int(3))), /"a\\nb" is no tensor/],
    [torchFile(pickle.int(3)), /no state dict/],
    [torchFile(pickle.dict(pickle.int(1), tensor())), /without a name/],
    [torchFile(named('w', tensor()), {}, { 'a/constants.pkl': Buffer.from('.') }), /TorchScript/],
    [torchFile(named('w', tensor()), {}, { 'a/byteorder': Buffer.from('big') }), /little-endian/],
    [Buffer.from([0x80, 2, 0x8a, 10]), /no file of torch\.save: it begins with 80028a0a/],
    [Buffer.from('GGUF'), /no file of torch\.save: it begins with 47475546/],
    [Buffer.alloc(0), /no file of torch\.save/],
    [zipOf({ 'a/b': Buffer.alloc(4) }), /no file of torch\.save/],
    [zipOf({ 'a/data.pkl': Buffer.alloc(0) }), /0 are left/],
    [torchFile(named('w', tensor()), { method: 8 }), /compressed or encrypted/],
  ];
  for (const [content, message] of cases) await refused(t, content, message);
});

testTorch('lengths, offsets and sizes are checked before they are used', async (t) => {
  const cases: [Buffer, RegExp][] = [
    [torchFile(named('w', tensor({ shape: [3] }))), /ends behind its storage 0, which has 2/],
    [torchFile(named('w', tensor({ offset: 2 }))), /ends behind its storage/],
    [torchFile(named('w', tensor({ offset: -1 }))), /offset of a tensor/],
    [torchFile(named('w', tensor({ strides: [-1] }))), /do not fit together/],
    [torchFile(named('w', tensor({ strides: [1, 1] }))), /do not fit together/],
    [torchFile(named('w', tensor({ shape: Array(9).fill(1), strides: Array(9).fill(1) }))), /fit/],
    [
      torchFile(named('w', tensor({ shape: [2 ** 30, 2 ** 30], strides: [0, 0] }))),
      /more than 1073741824 elements/,
    ],
    [torchFile(named('w', tensor({ length: 3 }))), /tensor w: its storage should have 12 bytes/],
    [torchFile(named('w', tensor({ key: '7' }))), /tensor w: there is no record data\/7/],
    [torchFile(named('w', tensor({ key: '../x' }))), /key of a storage/],
    [torchFile(named('w', tensor()), { size: 2 ** 31 }), /zip archive/],
    [torchFile(named('w', tensor()), { shift: 3 }), /zip archive/],
    [torchFile(Buffer.from([0x58, 255, 255, 255, 255])), /4294967295 bytes are wanted/],
    [torchFile(Buffer.from('h\x05')), /nothing was remembered as 5/],
    [torchFile(Buffer.from('t')), /was not begun/],
    [torchFile(Buffer.from('(')), /stack is empty|middle/],
    [torchFile(Buffer.from([0x86])), /stack is empty/],
    [torchFile(Buffer.from([0x8a, 9, 1, 2, 3, 4, 5, 6, 7, 8, 9])), /beyond 53 bits/],
    [torchFile(Buffer.from('}N')), /middle of something/],
    [torchFile(Buffer.from('}}R')), /no function/],
    [torchFile(Buffer.from('i')), /operation 69/],
    [torchFile(Buffer.from(`c${'x'.repeat(5000)}\n`)), /without an end/],
  ];
  for (const [content, message] of cases) await refused(t, content, message);
});

async function refused(t: ExecutionContext, content: Buffer, message: RegExp): Promise<void> {
  const path = await written(t, content);
  const error = await t.throwsAsync(listTorchTensors(path), { instanceOf: CodecLmError });
  t.is(error.code, 'CHECKPOINT_INVALID', error.message);
  t.regex(error.message, message);
  t.true(error.message.startsWith(path));
}

testTorch(
  'a file that is cut off or damaged gives the same values or one typed error',
  async (t) => {
    const whole = await readFile(join(GOLDEN, 'prefix/model/pytorch_model.bin'));
    const path = await written(t, whole);
    const expected = JSON.stringify(await valuesOf(path));
    // The pickle and the list of records are what is read; numbers in between may be any.
    const places = [...Array(60).keys()].map((i) => Math.floor((i * 4000) / 60));
    const ends = [...Array(60).keys()].map((i) => whole.length - 1 - i * 77);
    let errors = 0;
    for (const at of [...places, ...ends]) {
      for (const change of ['cut', 'flip'] as const) {
        const damaged = change === 'cut' ? whole.subarray(0, at) : Buffer.from(whole);
        if (change === 'flip') damaged[at] ^= 0x55;
        await writeFile(path, damaged);
        try {
          const found = JSON.stringify(await valuesOf(path));
          if (change === 'cut') t.is(found, expected);
        } catch (error) {
          if (!(error instanceof CodecLmError)) throw error;
          errors++;
        }
      }
    }
    t.true(errors > 130, `${errors} errors`);
  },
);

test('a file that is not there is said so', async (t) => {
  const error = await t.throwsAsync(listTorchTensors(join(GOLDEN, 'no.bin')), {
    instanceOf: CodecLmError,
  });
  t.is(error.code, 'INPUT_NOT_FOUND');
});

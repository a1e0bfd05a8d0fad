import { readdirSync } from 'node:fs';
import test from 'ava';
import { downloadWheel } from '../../setup/download.ts';
import { WANTED_MEMBERS, wheelsFor } from '../../setup/pins.ts';
import { unpackWheel } from '../../setup/unpack.ts';
import { temporaryFolder } from '../helpers/temporary.ts';
import { context, makeWheel, onlyFolder } from './fixture.ts';

const python = 'python3';

test.serial(
  'a wheel is downloaded, its hash checked, and only what is needed unpacked',
  async (t) => {
    const wheel = makeWheel(await temporaryFolder(t));
    onlyFolder(wheel.folder);
    const file = await downloadWheel(wheel.pin, await temporaryFolder(t), { ...context(), python });
    const dest = await temporaryFolder(t);
    t.is(await unpackWheel(python, file, dest, WANTED_MEMBERS), 4);
    const files = readdirSync(dest, { recursive: true }).filter((path) =>
      /\.(so|h)/.test(String(path)),
    );
    t.deepEqual(files.sort(), [
      'nvidia/cublas/lib/libcublas.so.12',
      'tensorflow/include/tensorflow/c/c_api.h',
      'tensorflow/libtensorflow_cc.so.2',
      'tensorflow/libtensorflow_framework.so.2',
    ]);
  },
);

test.serial('a wheel with another hash is refused', async (t) => {
  const wheel = makeWheel(await temporaryFolder(t));
  onlyFolder(wheel.folder);
  const pin = { ...wheel.pin, sha256: '0'.repeat(64) };
  await t.throwsAsync(downloadWheel(pin, await temporaryFolder(t), { ...context(), python }), {
    code: 'BACKEND_UNAVAILABLE',
    message: /is not the file that was pinned: its sha256 is [0-9a-f]{64}, not 0{64}/,
  });
});

test.serial('an index without the wheel is an error that says so, soon', async (t) => {
  const empty = await temporaryFolder(t);
  onlyFolder(empty);
  const { pin } = makeWheel(await temporaryFolder(t));
  await t.throwsAsync(downloadWheel(pin, await temporaryFolder(t), { ...context(), python }), {
    code: 'BACKEND_UNAVAILABLE',
    message: /downloading codec-lm-fake==1\.0 with pip: .*No matching distribution found/,
  });
});

test('the pins are whole, and CUDA comes for Linux on x64 only', (t) => {
  const hosts = [
    ['linux', 'x64'],
    ['linux', 'arm64'],
    ['darwin', 'arm64'],
  ];
  for (const [platform, arch] of hosts) t.is(wheelsFor('cpu', platform, arch).length, 1);
  t.deepEqual(wheelsFor('cpu', 'win32', 'x64'), []);
  t.deepEqual(wheelsFor('gpu', 'linux', 'arm64'), []);
  const gpu = wheelsFor('gpu', 'linux', 'x64');
  t.is(gpu[0].package, 'tensorflow');
  t.is(gpu.length, 13);
  for (const { sha256 } of gpu) t.regex(sha256, /^[0-9a-f]{64}$/);
});

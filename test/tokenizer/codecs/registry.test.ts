import { fileURLToPath } from 'node:url';
import test from 'ava';
import { execa } from 'execa';
import {
  allCodecs,
  codecNamed,
  codecsFor,
  openRecorded,
  registerCodec,
} from '../../../tokenizer/codecs/registry.ts';

test('codecs are found by name and by what they are for; others are refused with those there are', (t) => {
  t.is(codecNamed('avc').title, 'AVC');
  t.deepEqual(
    codecsFor('images').map(({ name }) => name),
    ['jpeg', 'pixels', 'vq'],
  );
  t.throws(() => codecNamed('jepg'), { code: 'CODEC_UNKNOWN', message: /"jepg".*jpeg, avc/ });
});

test('a name is registered once, and is one', (t) => {
  const before = allCodecs().length;
  const jpeg = codecNamed('jpeg');
  t.throws(() => registerCodec(jpeg), { code: 'CONFIG_INVALID', message: /"jpeg" is taken/ });
  for (const name of ['', 'JPEG', '3d', 'a b', '../x']) {
    t.throws(() => registerCodec({ ...jpeg, name }), { code: 'CONFIG_INVALID' }, name);
  }
  t.is(allCodecs().length, before);
});

test('what a dataset has recorded opens: newer settings are passed over, missing and wrong ones named', async (t) => {
  const open = (settings: object) =>
    openRecorded({ name: 'jpeg', settings: { ...settings } }, 'DS', 'DATASET_INVALID');
  t.is((await open({ quality: 40, width: 32, later: 'x' })).width, 32);
  await t.throwsAsync(open({ width: 32 }), { code: 'DATASET_INVALID', message: /DS: no quality/ });
  const wrong = { code: 'DATASET_INVALID', message: /DS: JPEG quality/ };
  await t.throwsAsync(open({ quality: 400 }), wrong);
});

/** Shared objects of sharp in a process of its own, after some code. */
async function sharpAfter(code: string): Promise<string> {
  const registry = fileURLToPath(new URL('../../../tokenizer/codecs/registry.ts', import.meta.url));
  const script = `const { codecNamed } = await import(${JSON.stringify(registry)});
    ${code}
    const { sharedObjects } = process.report.getReport();
    console.log(sharedObjects.filter((name) => /sharp|vips/.test(name)).length > 0);`;
  const args = ['--import=tsx', '--input-type=module', '--eval', script];
  return (await execa('node', args)).stdout;
}

test('who only looks at documents does not load sharp', async (t) => {
  const opened = `const jpeg = await codecNamed('jpeg').open({ width: 16, height: 16 });
    const avc = await codecNamed('avc').open();
    for (const codec of [jpeg, avc]) {
      codec.grammar();
      for (const work of [codec.check, codec.parts]) try { work(new Uint8Array(9)); } catch {}
    }`;
  t.is(await sharpAfter(opened), 'false');
  t.is(await sharpAfter(`${opened} await jpeg.encoder();`), 'true');
});

import { existsSync } from 'node:fs';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import test from 'ava';
import { execa } from 'execa';
import { readManifest, writeManifest } from '../../../shards/dataset/manifest.ts';
import { verifyDataset } from '../../../shards/verify/verify.ts';
import {
  makeCorpus,
  pipeline,
  removeFolder,
  SMALL,
  workFolder,
} from '../../helpers/pipeline-runs.ts';
import { testIf } from '../../helpers/tools.ts';

const peer = (path: string) =>
  fileURLToPath(new URL(`../../../bench/peers/${path}`, import.meta.url));
// Another interpreter that has `datasets` may be named.
const PYTHON = process.env.CODEC_LM_PEERS_PYTHON ?? peer('.venv/bin/python');

let work: string;
let corpus: string;
test.before(async () => {
  work = await workFolder();
  corpus = join(work, 'corpus');
  await makeCorpus(corpus, 40);
});
test.after.always(() => removeFolder(work));

async function make(name: string, ...args: string[]): Promise<string> {
  const out = join(work, name);
  const result = await pipeline(['run', 'images', corpus, '--out', out, ...SMALL, ...args]);
  if (result.exitCode !== 0) throw new Error(String(result.stderr));
  return out;
}

test('a dataset has a card that names its splits; the same inputs give the same bytes', async (t) => {
  const held = ['--val-fraction', '0.3'];
  const [first, second] = [await make('first', ...held), await make('second', ...held)];
  const card = await readFile(join(first, 'README.md'), 'utf8');
  t.is(await readFile(join(second, 'README.md'), 'utf8'), card);
  t.regex(card, /^---\nconfigs:\n {2}- config_name: default\n {4}data_files:\n/);
  t.regex(card, /- split: train\n +path: shards\/part-\*\.parquet\n/);
  t.regex(card, /- split: validation\n +path: shards\/val-\*\.parquet\n---\n/);
  t.regex(card, /documents: 40 of 40 inputs, 0 failed/);
  t.false(card.includes(work), 'no path of the machine');
  const whole = await make('whole');
  t.notRegex(await readFile(join(whole, 'README.md'), 'utf8'), /validation/);
});

test('verify tells of a damaged or missing card, and asks none of older datasets', async (t) => {
  const out = await make('verified');
  t.deepEqual((await verifyDataset(out)).problems, []);
  const path = join(out, 'README.md');
  const card = await readFile(path, 'utf8');
  await writeFile(path, card.replace('train', 'trial'));
  t.like((await verifyDataset(out)).problems, [{ file: 'README.md' }]);
  await rm(path);
  t.like((await verifyDataset(out)).problems, [{ file: 'README.md' }]);
  const { card: _, ...older } = await readManifest(out);
  await writeManifest(out, older);
  t.deepEqual((await verifyDataset(out)).problems, []);
});

testIf(
  existsSync(PYTHON),
  'bench/peers/setup.sh has not been run',
  'load_dataset of Hugging Face gives every row of both splits, also streaming',
  async (t) => {
    const out = await make('loaded', '--val-fraction', '0.3');
    const { shards } = await readManifest(out);
    const rows = (split: string) =>
      shards.reduce((sum, shard) => sum + (shard.split === split ? shard.rows : 0), 0);
    const expected = { train: rows('train'), validation: rows('val') };
    t.true(expected.train > 0 && expected.validation > 0);
    const env = { HF_HOME: join(work, 'cache'), HF_HUB_OFFLINE: '1' };
    const { stdout } = await execa(PYTHON, [peer('load_dataset.py'), out], { env });
    const { version, ...found } = JSON.parse(stdout.split('\n').at(-1)!);
    t.log(`datasets ${version}`);
    const first = { train: true, validation: true };
    t.deepEqual(found, { whole: expected, streamed: expected, first });
  },
);

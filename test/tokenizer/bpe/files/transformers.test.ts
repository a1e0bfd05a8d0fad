/** The written folder in `transformers.AutoTokenizer`, where bench/peers/setup.sh was run. */
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import test, { type ExecutionContext } from 'ava';
import { execa } from 'execa';
import { writeTokenizer } from '../../../../tokenizer/bpe/files/huggingface.ts';
import { learnedTokenizer } from '../../../helpers/learned.ts';

const peer = (path: string) =>
  fileURLToPath(new URL(`../../../../bench/peers/${path}`, import.meta.url));
const PYTHON = peer('.venv/bin/python');

interface Report {
  ids: number[][];
  decodesBack: boolean;
  specials: number[];
  size: number;
}

async function check(t: ExecutionContext): Promise<void> {
  const { bpe, documents } = await learnedTokenizer();
  // All byte values, among them those that are white space or control characters in text.
  const all = [...documents.slice(0, 6), Uint8Array.from({ length: 512 }, (_, i) => i & 255)];
  const dir = await mkdtemp(join(tmpdir(), 'codec-lm-test-'));
  t.teardown(() => rm(dir, { recursive: true, force: true }));
  await writeTokenizer(dir, bpe);
  await writeFile(join(dir, 'documents.bin'), Buffer.concat(all));
  await writeFile(join(dir, 'lengths.json'), JSON.stringify(all.map(({ length }) => length)));
  const files = [join(dir, 'documents.bin'), join(dir, 'lengths.json')];
  const { stdout } = await execa(PYTHON, [peer('bpe.py'), 'auto', ...files, dir]);
  const reports: Record<string, Report> = JSON.parse(stdout);
  t.deepEqual(Object.keys(reports), ['fast', 'slow']);
  for (const [name, { ids, decodesBack, specials, size }] of Object.entries(reports)) {
    t.deepEqual(
      ids,
      // A text is a prompt: what begins, and has not ended.
      all.map((document) => [bpe.bosId, ...bpe.encode(document)]),
      name,
    );
    t.true(decodesBack, name);
    t.deepEqual(specials, [bpe.bosId, bpe.eosId, bpe.padId], name);
    t.is(size, bpe.vocabSize, name);
  }
}

const title = 'AutoTokenizer, fast and use_fast=False, gives the same ids and the bytes back';
if (existsSync(PYTHON)) test(title, check);
else test.skip(`${title} (skipped: bench/peers/setup.sh was not run)`, check);

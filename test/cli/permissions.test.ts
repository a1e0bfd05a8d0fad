/** Permissions, seen from each command line by a user who is not root. */
import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ExecutionContext } from 'ava';
import { sharp } from '../../base/sharp.ts';
import { writeTokenizer } from '../../tokenizer/bpe/files/huggingface.ts';
import { ByteBpe } from '../../tokenizer/bpe/tokenizer.ts';
import { temporaryFolder } from '../helpers/temporary.ts';
import { testIf } from '../helpers/tools.ts';
import { canDropRoot, runUnprivileged } from '../helpers/unprivileged.ts';

/** A folder open to everyone, with a file and a folder in it that are closed, and one that may not be written. */
async function prepare(t: ExecutionContext): Promise<string> {
  const folder = await temporaryFolder(t);
  await chmod(folder, 0o777);
  for (const name of ['images', 'closed', 'fixed', 'tok']) await mkdir(join(folder, name));
  await writeTokenizer(join(folder, 'tok'), new ByteBpe([]));
  const image = await sharp({ create: { width: 32, height: 32, channels: 3, background: 'red' } })
    .png()
    .toBuffer();
  await writeFile(join(folder, 'images/good.png'), image);
  await writeFile(join(folder, 'images/secret.png'), image);
  await writeFile(join(folder, 'closed/config.yaml'), 'train:\n  steps: 1\n');
  await chmod(join(folder, 'images/secret.png'), 0);
  await chmod(join(folder, 'closed'), 0);
  await chmod(join(folder, 'fixed'), 0o555);
  t.teardown(() => chmod(join(folder, 'closed'), 0o755));
  return folder;
}

const test = (title: string, body: (t: ExecutionContext) => Promise<void>) =>
  testIf(canDropRoot, 'setpriv cannot start this checkout as another user', title, body);

test('what may not be read is INPUT_UNREADABLE in every command line', async (t) => {
  const cwd = await prepare(t);
  for (const [entry, args] of [
    ['cli/tokenizer/main.ts', ['encode', 'images/secret.png', '--tokenizer', 'tok']],
    ['cli/tokenizer/main.ts', ['encode', 'closed', '--tokenizer', 'tok']],
    ['cli/tokenizer/main.ts', ['inspect', 'closed/tok']],
    ['cli/shards/main.ts', ['verify', 'closed']],
    ['cli/shards/main.ts', ['inspect', 'closed/x.parquet']],
    ['cli/trainer/main.ts', ['config', 'show', 'closed/config.yaml']],
    ['cli/trainer/main.ts', ['report', 'closed']],
    ['cli/trainer/main.ts', ['sample', '--checkpoint', 'closed', '--num', '1', '--to', 'samples']],
    ['cli/trainer/main.ts', ['fit', '--data', 'closed', '--out', 'run']],
    ['cli/pipeline/main.ts', ['run', 'images', '@closed/list.txt', '--out', 'ds']],
    ['cli/pipeline/main.ts', ['run', 'images', 'closed/x', '--out', 'ds']],
  ] as const) {
    const { stderr, exitCode } = await runUnprivileged(entry, [...args], cwd);
    t.regex(
      stderr,
      /may not be read \(EACCES\).*\[INPUT_UNREADABLE\]$/m,
      `${entry} ${args.join(' ')}`,
    );
    t.is(exitCode, 2);
  }
});

test('what may not be written is OUTPUT_UNWRITABLE in every command line', async (t) => {
  const cwd = await prepare(t);
  for (const [entry, args] of [
    [
      'cli/tokenizer/main.ts',
      ['encode', 'images/good.png', '--tokenizer', 'tok', '--out', 'fixed'],
    ],
    ['cli/tokenizer/main.ts', ['train', 'images/good.png', '--out', 'fixed/tok']],
    ['cli/pipeline/main.ts', ['run', 'images', 'images', '--out', 'fixed/ds']],
    ['cli/pipeline/main.ts', ['run', 'images', 'images', '--out', 'closed/ds']],
  ] as const) {
    const { stderr, exitCode } = await runUnprivileged(entry, [...args], cwd);
    t.regex(
      stderr,
      /not allowed \(EACCES\).*\[OUTPUT_UNWRITABLE\]$/m,
      `${entry} ${args.join(' ')}`,
    );
    t.is(exitCode, 2);
  }
});

test('one closed input of many is passed over and counted, by `tokenizer` and by `pipeline`', async (t) => {
  const cwd = await prepare(t);
  const encode = await runUnprivileged(
    'cli/tokenizer/main.ts',
    ['encode', 'images', '--tokenizer', 'tok', '--size', '32'],
    cwd,
  );
  t.is(encode.exitCode, 3, encode.stderr);
  t.regex(encode.stderr, /secret\.png: it may not be read.*\[INPUT_UNREADABLE\]/);
  t.is(encode.stdout.split('\n').length, 1);
  const small = ['--size', '32', '--seq-len', '64', '--merges', '0', '--workers', '1'];
  const packed = await runUnprivileged(
    'cli/pipeline/main.ts',
    ['run', 'images', 'images', '--out', 'ds', '--max-failures', '60%', ...small],
    cwd,
  );
  t.is(packed.exitCode, 3, packed.stderr);
  const failures = await readFile(join(cwd, 'ds/failures/part-00000.jsonl'), 'utf8');
  t.regex(failures, /secret\.png.*IMAGE_UNREADABLE/);
});

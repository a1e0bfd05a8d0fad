/** `codec-lm`: all programs under one name, and words that can be typed where it was called. */
import { fileURLToPath } from 'node:url';
import test from 'ava';
import { execa } from 'execa';
import { asTyped } from '../../../cli/called.ts';
import { PROGRAMS } from '../../../cli/codec-lm/programs.ts';

const BIN = fileURLToPath(new URL('../../../bin/', import.meta.url));

function run(program: string, ...args: string[]) {
  return execa(process.execPath, [`${BIN}${program}.js`, ...args], { reject: false });
}

test('without an argument it says in five lines what to do next', async (t) => {
  const { exitCode, stdout } = await run('codec-lm');
  t.is(exitCode, 0);
  t.is(stdout.split('\n').length, 5);
  t.regex(stdout, /npx codec-lm setup/);
});

test('help lists every program, set-up and the doctor; a wrong name gets a suggestion', async (t) => {
  const { stdout } = await run('codec-lm', '--help');
  for (const name of [...Object.keys(PROGRAMS), 'setup', 'doctor']) {
    t.regex(stdout, new RegExp(`^ {2}${name}\\b`, 'm'));
  }
  const wrong = await run('codec-lm', 'trainr');
  t.is(wrong.exitCode, 2);
  t.regex(wrong.stderr, /unknown command 'trainr' \(Did you mean trainer\?\)/);
});

test("a program's line names its commands, all of them and in their order", async (t) => {
  for (const { summary, load } of Object.values(PROGRAMS)) {
    const { spec } = await load();
    const names = new Set(spec.commands.map(({ name }) => name.split(' ')[0]));
    t.is(summary.slice(summary.indexOf(': ') + 2), [...names].join(', '));
  }
});

test('a program shows its name, its examples and its hints as it was called', async (t) => {
  const long = await run('codec-lm', 'shards', 'verify', '--help');
  t.regex(long.stdout, /^Usage: codec-lm shards verify/);
  t.regex(long.stdout, /^ {2}codec-lm shards verify DS$/m);
  const short = await run('shards', 'verify', '--help');
  t.regex(short.stdout, /^Usage: shards verify/);
  t.regex(short.stdout, /^ {2}shards verify DS$/m);

  const args = ['status', '/no-such-dataset'];
  const hinted = await run('codec-lm', 'pipeline', ...args);
  t.regex(hinted.stderr, /^codec-lm pipeline: .*\(.*codec-lm pipeline run/);
  const plain = await run('pipeline', ...args);
  t.regex(plain.stderr, /^pipeline: .*\([^-]*pipeline run/);
});

test('each program knows the version', async (t) => {
  const { stdout: version } = await run('codec-lm', '--version');
  t.regex(version, /^\d+\.\d+\.\d+$/);
  for (const name of Object.keys(PROGRAMS)) {
    t.is((await run('codec-lm', name, '--version')).stdout, version);
  }
});

test('only commands are renamed, and once', (t) => {
  const typed = (text: string) => asTyped(text, 'codec-lm trainer');
  t.is(
    typed('first `pipeline run`, then trainer fit'),
    'first `codec-lm pipeline run`, then codec-lm trainer fit',
  );
  for (const same of [
    'codec-lm trainer fit',
    'node bin/trainer.js fit',
    'the trainer samples',
    '/data/trainer fit',
  ]) {
    t.is(typed(same), same);
  }
  t.is(asTyped('trainer fit', 'trainer'), 'trainer fit');
});

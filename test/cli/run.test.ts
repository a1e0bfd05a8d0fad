import { fileURLToPath } from 'node:url';
import test from 'ava';
import { execa } from 'execa';

const FIXTURE = fileURLToPath(new URL('./fixture.ts', import.meta.url));

function fixture(args: string[], env: Record<string, string> = {}) {
  return execa('node', ['--import=tsx', FIXTURE, ...args], { reject: false, env });
}

test('options come from the schema, with defaults, numbers, lists and flags', async (t) => {
  const run = await fixture(
    'run images a b --out DS --seq-len 512 --set x.y=1 --set z=2 --json'.split(' '),
  );
  t.deepEqual(JSON.parse(run.stdout), {
    positionals: ['a', 'b'],
    options: {
      quality: 25,
      seqLen: 512,
      grammar: 'on',
      set: ['x.y=1', 'z=2'],
      json: true,
      out: 'DS',
    },
  });
  t.is(run.exitCode, 0);
});

test('a flag wins over the environment, which wins over the default', async (t) => {
  const env = { CODEC_LM_QUALITY: '40', CODEC_LM_SEQ_LEN: '64' };
  const run = await fixture(['run', 'images', 'a', '--out', 'DS', '--quality', '50'], env);
  const { options } = JSON.parse(run.stdout);
  t.is(options.quality, 50);
  t.is(options.seqLen, 64);
});

for (const [title, args, message] of [
  ['unknown option', ['run', 'images', 'a', '--out', 'D', '--qualty', '3'], /--qualty.*--quality/s],
  ['unknown command', ['rum'], /unknown command 'rum'/],
  ['unknown subcommand', ['run', 'image'], /unknown command 'image'/],
  ['no command', [], /Usage: fixture/],
  ['missing argument', ['run', 'images', '--out', 'D'], /missing required argument 'src'/],
  ['missing option', ['run', 'images', 'a'], /--out is required: output folder/],
  ['not a number', ['run', 'images', 'a', '--out', 'D', '--quality', 'x'], /--quality: .*"x"/],
  [
    'out of range',
    ['run', 'images', 'a', '--out', 'D', '--quality', '96'],
    /--quality: .*95.*"96"/,
  ],
  [
    'not a choice',
    ['run', 'images', 'a', '--out', 'D', '--grammar', 'maybe'],
    /--grammar: .*"maybe"/,
  ],
] as const) {
  test(`wrong usage ends with 2 and says what is wrong: ${title}`, async (t) => {
    const run = await fixture([...args]);
    t.is(run.exitCode, 2);
    t.regex(run.stderr, message);
    t.is(run.stdout, '');
  });
}

test('help lists options, defaults and examples on stdout', async (t) => {
  const run = await fixture(['run', 'images', '--help']);
  t.is(run.exitCode, 0);
  t.regex(run.stdout, /--quality <n> +JPEG quality \(default 25\)/);
  t.regex(run.stdout, /--grammar <value> +constrained sampling \(on\|off; default on\)/);
  t.regex(run.stdout, /Examples:\n {2}fixture run images/);
});

test('a typed error is one line with its code', async (t) => {
  const run = await fixture(['fail', 'typed']);
  t.is(run.exitCode, 2);
  t.is(run.stderr, 'fixture: no such folder: x (look again) [INPUT_NOT_FOUND]');
});

test('a thrown string is still an error', async (t) => {
  const run = await fixture(['fail', 'string']);
  t.is(run.exitCode, 1);
  t.regex(run.stderr, /a library that throws strings/);
});

test('a stalled command does not end as a success', async (t) => {
  const run = await fixture(['fail', 'stall']);
  t.not(run.exitCode, 0);
});

test("a command's own exit code is kept", async (t) => {
  t.is((await fixture(['fail', 'skipped'])).exitCode, 3);
});

for (const [signal, exitCode] of [
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const) {
  test(`${signal} asks for a clean end and exits ${exitCode}`, async (t) => {
    const child = fixture(['fail', 'wait']);
    child.stdout.once('data', () => child.kill(signal));
    t.is((await child).exitCode, exitCode);
  });
}

test('a second signal ends at once', async (t) => {
  const child = fixture(['fail', 'stubborn']);
  child.stdout.once('data', () => child.kill('SIGINT'));
  child.stderr.once('data', () => child.kill('SIGINT'));
  t.is((await child).exitCode, 130);
});

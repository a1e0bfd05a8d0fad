import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import test from 'ava';
import { execa } from 'execa';

/** For one command: training on wasm takes a minute alone, and several on a busy machine. */
const COMMAND_TIMEOUT = 300_000;

const ROOT = fileURLToPath(new URL('..', import.meta.url));

/** The shell blocks between the two markers, in order: a walk through every command. */
async function testedCommands(): Promise<string[]> {
  const text = await readFile(join(ROOT, 'README.md'), 'utf8');
  const [, walk] = text.split(/<!-- (?:tested:|end of the tested walk)/);
  const blocks = [...walk.matchAll(/^```sh\n([\s\S]*?)^```$/gm)].map((match) => match[1]);
  return blocks.flatMap((block) => block.trim().split('\n'));
}

/** `npx NAME` and `npm run` as they work in the repository, from any working folder. */
function fromAnywhere(command: string): string {
  return command
    .replace(/^npx ([\w-]+)/, (_, name) => `node ${join(ROOT, 'bin', `${name}.js`)}`)
    .replace(
      'npm run --silent demo:corpus --',
      `node ${join(ROOT, 'bin/start.js')} demo/corpus.ts`,
    );
}

test('every command of the README works as pasted, in order', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'codec-lm-readme-'));
  t.teardown(() => rm(folder, { recursive: true, force: true }));
  const commands = await testedCommands();
  t.true(commands.length >= 6);
  for (const command of commands) {
    t.timeout(COMMAND_TIMEOUT + 10_000);
    const options = { cwd: folder, shell: true, reject: false, timeout: COMMAND_TIMEOUT };
    const run = await execa(options)`${fromAnywhere(command)}`;
    t.is(run.exitCode, 0, `${command}\n${run.stderr}`);
  }
});

test('the README shows the two commands of the first five minutes', async (t) => {
  const text = await readFile(join(ROOT, 'README.md'), 'utf8');
  const { scripts } = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8'));
  for (const command of ['npm ci && npm run demo', 'npm test']) t.true(text.includes(command));
  for (const [, name] of text.matchAll(/npm run (?:--silent )?([\w:]+)/g)) {
    t.true(name in scripts, `npm run ${name} is not in package.json`);
  }
});

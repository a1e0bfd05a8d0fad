import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import test, { type ExecutionContext } from 'ava';
import { execa } from 'execa';
import { findFfmpeg } from '../tokenizer/codecs/avc/ffmpeg/find.ts';
import { hasTool } from './helpers/tools.ts';

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

/** The two lines behind the walk: a server, and a request to it. */
async function serverCommands(): Promise<[serve: string, ask: string]> {
  const text = await readFile(join(ROOT, 'README.md'), 'utf8');
  const serve = /^npx codec-lm trainer serve .*$/m.exec(text)?.[0];
  const ask = /^curl -s [\s\S]*?'$(?=\n```)/m.exec(text)?.[0];
  return [serve!, ask!];
}

/** The way in which it is listened to in a test: any free port. */
async function askTheServer(t: ExecutionContext, folder: string): Promise<void> {
  const [serve, ask] = await serverCommands();
  const [command, ...args] = fromAnywhere(serve).split(' ');
  const server = execa(command, args, {
    ...{ cwd: folder, reject: false, env: { CODEC_LM_PORT: '0' }, forceKillAfterDelay: 5000 },
  });
  try {
    const url = await Promise.race([
      new Promise<string>((resolve) =>
        server.stdout.once('data', (data) => resolve(String(data).trim())),
      ),
      server.then(({ stderr }) => Promise.reject(new Error(stderr))),
    ]);
    const asked = ask.replace('http://127.0.0.1:8000', url);
    t.not(asked, ask);
    const answer = await execa({ shell: true, cwd: folder })`${asked}`;
    const [choice] = JSON.parse(answer.stdout).choices;
    t.regex(JSON.stringify(choice), /data:image\/jpeg;base64,/);
  } finally {
    server.kill('SIGTERM');
    await server;
  }
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
  const canEncode = await findFfmpeg().then(
    () => true,
    (error: unknown) => {
      t.log(`the commands on clips were passed over: ${String(error)}`);
      return false;
    },
  );
  for (const command of commands) {
    if (!canEncode && command.includes('clips')) continue;
    t.timeout(COMMAND_TIMEOUT + 10_000);
    const options = { cwd: folder, shell: true, reject: false, timeout: COMMAND_TIMEOUT };
    const run = await execa(options)`${fromAnywhere(command)}`;
    t.is(run.exitCode, 0, `${command}\n${run.stderr}`);
    // The commands shown to a beginner give no warning.
    t.notRegex(run.stderr, /trained on [\d,]+: what comes after/, command);
  }
  if (hasTool('curl')) await askTheServer(t, folder);
  else t.log('curl is not installed: the request to the server was not tried');
});

test('the README shows the two commands of the first five minutes', async (t) => {
  const text = await readFile(join(ROOT, 'README.md'), 'utf8');
  const { scripts } = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8'));
  for (const command of ['npm ci && npm run demo', 'npm test']) t.true(text.includes(command));
  for (const [, name] of text.matchAll(/npm run (?:--silent )?([\w:]+)/g)) {
    t.true(name in scripts, `npm run ${name} is not in package.json`);
  }
});

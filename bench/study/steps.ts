/** Runs the project's own commands one after the other; what is done is not done again. */
import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';

export interface StepDone {
  command: string;
  /** Seconds of the command by the clock; where it was stopped, those of all its tries. */
  seconds: number;
  stdout: string;
}

/** Longest command that is shown. */
const SHOWN = 240;

export class Steps {
  readonly #dir: string;
  readonly #env: Readonly<Record<string, string>>;

  constructor(root: string, env: Readonly<Record<string, string>>) {
    this.#dir = join(root, 'steps');
    this.#env = env;
  }

  async isDone(name: string): Promise<boolean> {
    return existsSync(this.#path(name));
  }

  /**
   * Runs `bin/PROGRAM.js ARGUMENTS`, or finds that it has been run. The commands go on where they were
   * stopped, so a step that was begun is begun again.
   * @param again arguments to go on with, where those are others
   * @throws Error with its messages when it fails
   */
  async run(
    name: string,
    program: string,
    args: readonly string[],
    again: readonly string[] = args,
  ): Promise<StepDone> {
    const command = [program, ...args].join(' ');
    const before = await readJson<StepDone>(this.#path(name));
    if (before?.command === command) return before;
    const begun = this.#path(`${name}.begun`);
    const earlier = await readJson<{ command: string; seconds: number }>(begun);
    const goesOn = earlier?.command === command;
    console.error(`study: ${command.length > SHOWN ? `${command.slice(0, SHOWN)}…` : command}`);
    await mkdir(this.#dir, { recursive: true });
    const since = performance.now();
    const seconds = () => (goesOn ? earlier.seconds : 0) + (performance.now() - since) / 1000;
    const note = () => writeFile(begun, `${JSON.stringify({ command, seconds: seconds() })}\n`);
    await note();
    const timer = setInterval(note, 5000);
    const done = await execa('node', [`bin/${program}.js`, ...(goesOn ? again : args)], {
      reject: false,
      env: this.#env,
      stderr: ['pipe', 'inherit'],
    });
    clearInterval(timer);
    if (done.exitCode !== 0) {
      throw new Error(`study: ${name} ended with ${done.exitCode ?? done.signal}: ${command}`);
    }
    const step = { command, seconds: seconds(), stdout: done.stdout };
    await writeFile(this.#path(name), `${JSON.stringify(step)}\n`);
    return step;
  }

  #path(name: string): string {
    return join(this.#dir, `${name}.json`);
  }
}

async function readJson<T>(path: string): Promise<T | undefined> {
  const text = await readFile(path, 'utf8').catch(() => undefined);
  return text === undefined || text === '' ? undefined : (JSON.parse(text) as T);
}

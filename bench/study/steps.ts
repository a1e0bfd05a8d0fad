/** Runs the project's own commands one after the other; what is done is not done again. */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';

export interface StepDone {
  command: string;
  /** Seconds of the command by the clock. */
  seconds: number;
  stdout: string;
}

export class Steps {
  readonly #dir: string;
  readonly #env: Readonly<Record<string, string>>;

  constructor(root: string, env: Readonly<Record<string, string>>) {
    this.#dir = join(root, 'steps');
    this.#env = env;
  }

  /**
   * Runs `bin/PROGRAM.js ARGUMENTS`, or finds that it has been run. The commands go on where they were
   * stopped, so a step that was begun is begun again.
   * @throws Error with its messages when it fails
   */
  async run(name: string, program: string, args: readonly string[]): Promise<StepDone> {
    const path = join(this.#dir, `${name}.json`);
    const command = [program, ...args].join(' ');
    const before = await readStep(path);
    if (before?.command === command) return before;
    console.error(`study: ${command}`);
    const since = performance.now();
    const done = await execa('node', [`bin/${program}.js`, ...args], {
      reject: false,
      env: this.#env,
      stderr: ['pipe', 'inherit'],
    });
    if (done.exitCode !== 0) {
      throw new Error(`study: ${name} ended with ${done.exitCode ?? done.signal}: ${command}`);
    }
    const seconds = (performance.now() - since) / 1000;
    const step = { command, seconds, stdout: done.stdout };
    await mkdir(this.#dir, { recursive: true });
    await writeFile(path, `${JSON.stringify(step)}\n`);
    return step;
  }
}

async function readStep(path: string): Promise<StepDone | undefined> {
  const text = await readFile(path, 'utf8').catch(() => undefined);
  return text === undefined ? undefined : (JSON.parse(text) as StepDone);
}

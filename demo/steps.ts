/** Runs the project's own command lines, shown as a person would type them. */
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { CodecLmError } from '../base/error.ts';

type Program = 'pipeline' | 'shards' | 'trainer' | 'tokenizer';

/**
 * Prints `$ program arguments` and runs it with this process's terminal.
 * @throws CodecLmError when it ends with anything but 0
 */
export async function step(program: Program, args: readonly string[]): Promise<void> {
  process.stdout.write(`\n$ npx ${[program, ...args].join(' ')}\n`);
  await runScript([`bin/${program}.js`, ...args], `${program} ${args[0]}`);
}

/**
 * Runs a demo, which shows its own steps.
 * @throws CodecLmError as `step`
 */
export async function runDemo(script: string, folder: string): Promise<void> {
  await runScript(['bin/start.js', script, folder], script);
}

async function runScript([script, ...args]: string[], name: string): Promise<void> {
  const path = fileURLToPath(new URL(`../${script}`, import.meta.url));
  const child = spawn(process.execPath, [path, ...args], { stdio: 'inherit' });
  const exitCode = await new Promise<number | null>((resolve, reject) => {
    child.on('error', reject);
    child.on('exit', resolve);
  });
  if (exitCode !== 0) {
    throw new CodecLmError('INTERNAL', `${name} ended with exit code ${exitCode}`);
  }
}

/** A heading between steps. */
export function say(line: string): void {
  process.stdout.write(`\n${line}\n`);
}

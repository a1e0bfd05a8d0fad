/** Runs the project's own command lines, shown as a person would type them. */
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { CodecLmError } from '../base/error.ts';

type Program = 'pipeline' | 'shards' | 'trainer';

/**
 * Prints `$ program arguments` and runs it with this process's terminal.
 * @throws CodecLmError when it ends with anything but 0
 */
export async function step(program: Program, args: string[]): Promise<void> {
  process.stdout.write(`\n$ npx ${[program, ...args].join(' ')}\n`);
  const bin = fileURLToPath(new URL(`../bin/${program}.js`, import.meta.url));
  const child = spawn(process.execPath, [bin, ...args], { stdio: 'inherit' });
  const exitCode = await new Promise<number | null>((resolve, reject) => {
    child.on('error', reject);
    child.on('exit', resolve);
  });
  if (exitCode !== 0) {
    throw new CodecLmError('INTERNAL', `${program} ${args[0]} ended with exit code ${exitCode}`);
  }
}

/** A heading between steps. */
export function say(line: string): void {
  process.stdout.write(`\n${line}\n`);
}

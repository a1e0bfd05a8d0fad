/**
 * One row of the cases, and the code that runs it against the command lines, as people use them.
 */
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export interface Case {
  /** The row, as the README of the cases names it. */
  name: string;
  /**
   * @param folder where `make_cases.py` put its files
   * @throws any error that says what was found in place of what is right
   */
  check(folder: string): Promise<void>;
}

export interface Ended {
  status: number;
  stdout: string;
  stderr: string;
}

/** Runs a command line of ours and waits; a status other than 0 is no error here. */
export function command(name: string, ...args: string[]): Promise<Ended> {
  const script = fileURLToPath(new URL(`../../../bin/${name}.js`, import.meta.url));
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      [script, ...args],
      { maxBuffer: 2 ** 26 },
      (error, stdout, stderr) => {
        const status = typeof error?.code === 'number' ? error.code : error ? 1 : 0;
        resolve({ status, stdout, stderr });
      },
    );
  });
}

export function temporary(): string {
  return mkdtempSync(join(tmpdir(), 'cases-'));
}

export interface FailureLine {
  source: string;
  code: string;
  message: string;
}

/** The lines of all `failures/part-*.jsonl` of a dataset with one partition. */
export function failuresOf(dataset: string): FailureLine[] {
  const text = readFileSync(join(dataset, 'failures/part-00000.jsonl'), 'utf8');
  return text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
}

export function expect(condition: boolean, found: string): void {
  if (!condition) throw new Error(found);
}

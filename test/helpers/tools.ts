/** Tests that need a program of the machine; where it is missing they are seen to be skipped. */
import { spawnSync } from 'node:child_process';
import test, { type ExecutionContext } from 'ava';

const found = new Map<string, boolean>();

/** Whether a program can be started. */
export function hasTool(name: string): boolean {
  let known = found.get(name);
  if (known === undefined) {
    known = spawnSync(name, ['-version'], { stdio: 'ignore', timeout: 20_000 }).error === undefined;
    found.set(name, known);
  }
  return known;
}

type Body = (t: ExecutionContext) => void | Promise<void>;

/** A test of its own name, or a skipped one that says which program was not found. */
export function testWith(tool: string, title: string, body: Body): void {
  if (hasTool(tool)) test(title, body);
  else test.skip(`${title} (skipped: ${tool} is not installed)`, body);
}

/** For what takes minutes: a test of `npm run test:long` alone, which sets CODEC_LM_TEST_LONG. */
export function testLong(title: string, body: Body): void {
  if (process.env.CODEC_LM_TEST_LONG) test(title, body);
}

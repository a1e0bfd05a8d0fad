/** Tests that need something; where it is missing they are seen to be skipped, with the reason. */
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

/** A test of its own name, or a skipped one whose title says why. */
export function testIf(isMet: boolean, why: string, title: string, body: Body): void {
  if (isMet) test(title, body);
  else test.skip(`${title} (skipped: ${why})`, body);
}

export function testWith(tool: string, title: string, body: Body): void {
  testIf(hasTool(tool), `${tool} is not installed`, title, body);
}

/** For tests that take minutes: `npm run test:long` sets CODEC_LM_TEST_LONG. */
export function testLong(title: string, body: Body): void {
  testIf(Boolean(process.env.CODEC_LM_TEST_LONG), 'it is one of `npm run test:long`', title, body);
}

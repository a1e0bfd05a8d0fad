/** Tests that need moto; where it is missing they are seen to be skipped. */
import test, { type ExecutionContext } from 'ava';
import { hasMoto } from './s3-server.ts';

/** Runs after the one before it: the tests of a file share a server, and its faults. */
export function testWithS3(
  title: string,
  body: (t: ExecutionContext) => void | Promise<void>,
): void {
  if (hasMoto()) test.serial(title, body);
  else test.skip(`${title} (skipped: run bench/peers/setup-moto.sh first)`, body);
}

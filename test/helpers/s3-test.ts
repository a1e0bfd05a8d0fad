/** Tests that need moto; where it is missing they are seen to be skipped. */
import type { ExecutionContext } from 'ava';
import { hasMoto } from './s3-server.ts';
import { testIf } from './tools.ts';

export function testWithS3(
  title: string,
  body: (t: ExecutionContext) => void | Promise<void>,
): void {
  testIf(hasMoto(), 'run bench/peers/setup-moto.sh first', title, body);
}

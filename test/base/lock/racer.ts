/**
 * A process of a race: told to go, it waits for a moment of the clock that all processes of the
 * machine share, then takes the lock. Whoever has it makes a file that must not be there.
 */
import { closeSync, openSync, rmSync } from 'node:fs';
import { CodecLmError } from '../../../base/error.ts';
import { type Lock, takeLock } from '../../../base/lock/lock.ts';

export type Order =
  | { go: { folder: string; at: string; resource?: string; times: number } }
  | { release: true };

export type Answer =
  | { is: 'ready' }
  | { is: 'held'; isAlone: boolean }
  | { is: 'refused'; code: string; message: string }
  | { is: 'released' };

let lock: Lock | undefined;
let resource: string | undefined;

const answer = (value: Answer) => process.send!(value);

process.on('message', async (order: Order) => {
  if ('go' in order) await go(order.go);
  else await release();
});
process.on('disconnect', () => process.exit());
answer({ is: 'ready' });

async function go({ folder, at, resource: path, times }: Extract<Order, { go: unknown }>['go']) {
  while (process.hrtime.bigint() < BigInt(at));
  for (let tried = 1; tried <= times; tried++) {
    try {
      lock = await takeLock({ folder, what: 'the race' });
      break;
    } catch (error) {
      const { code, message } = error as CodecLmError;
      if (tried === times || !(error instanceof CodecLmError)) {
        return answer({ is: 'refused', code, message });
      }
    }
  }
  resource = path;
  answer({ is: 'held', isAlone: path === undefined || isAlone(path) });
}

function isAlone(path: string): boolean {
  try {
    closeSync(openSync(path, 'wx'));
    return true;
  } catch {
    return false;
  }
}

async function release() {
  if (resource !== undefined) rmSync(resource, { force: true });
  await lock?.check();
  await lock?.release();
  lock = undefined;
  answer({ is: 'released' });
}

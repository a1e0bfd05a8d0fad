/** The thread that beats for a lock in object storage. It sends one message, when the lock is lost. */
import { parentPort, workerData } from 'node:worker_threads';
import { CodecLmError } from '../error.ts';
import { objectOf } from '../storage/place.ts';
import { S3Client } from '../storage/s3/client.ts';
import { isMissing } from '../storage/s3/errors.ts';
import type { ObjectBeat } from './object-heart.ts';
import { beatOf } from './record.ts';
import { tokenIn } from './store.ts';

const { place, token, everyMs } = workerData as ObjectBeat;
const client = new S3Client();
const object = objectOf(place);

let known: { text: string; etag: string } | undefined;

/** @throws CodecLmError `LOCK_LOST` */
async function beat(count: number): Promise<void> {
  known ??= await current();
  const text = known.text.replace(/"beat":"\d{12}"/, `"beat":"${beatOf(count)}"`);
  const etag = await client.put(object, Buffer.from(text), { etag: known.etag });
  // Not the record that was read: look who has written it.
  known = etag === undefined ? undefined : { text, etag };
}

async function current(): Promise<{ text: string; etag: string }> {
  const found = await client.get(object).catch((error) => {
    if (isMissing(error)) throw lost('is gone');
    throw error;
  });
  const text = found.content.toString('utf8');
  if (tokenIn(text) !== token) throw lost('is another process’s now');
  return { text, etag: found.etag };
}

function lost(why: string): CodecLmError {
  return new CodecLmError('LOCK_LOST', why);
}

let count = 0;

/**
 * A storage that cannot be reached is no loss by itself: nobody else reaches it by the same way, and
 * every commit asks for the record first. Requests are tried again meanwhile.
 */
async function run(): Promise<void> {
  try {
    await beat(++count);
  } catch (error) {
    if (error instanceof CodecLmError && error.code === 'LOCK_LOST') {
      return parentPort!.postMessage(error.message);
    }
    known = undefined;
  }
  setTimeout(run, everyMs);
}

setTimeout(run, everyMs);

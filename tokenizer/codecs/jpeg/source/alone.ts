/**
 * Reads a file in a process that reads nothing else. libvips gathers the messages of all that goes
 * wrong in one buffer for the whole process, so a file that fails while others are being read
 * may carry their causes: read once more here, it tells its own. A decoder that cannot be
 * interrupted is stopped here, too, by ending its process.
 *
 * The processes start when the first file needs one, are used again, and keep nobody alive.
 */
import { type ChildProcess, type ForkOptions, fork } from 'node:child_process';
import { once } from 'node:events';
import { availableParallelism } from 'node:os';
import pLimit from 'p-limit';
import { CodecLmError, type ErrorCode } from '../../../../base/error.ts';
import type { JpegSettings } from '../settings.ts';

export interface AloneRequest {
  readonly source: Uint8Array;
  readonly label: string;
  readonly settings: JpegSettings;
}

/** What comes back: the baseline JPEG, or the error. */
export type AloneReply =
  | { readonly jpeg: Uint8Array }
  | { readonly code: ErrorCode; readonly message: string; readonly hint?: string };

/** No process can be had: the machine has no memory or no right for one more. */
export class NoProcess extends Error {}

/** More would take memory from what the files are read for. */
const limit = pLimit(Math.min(4, availableParallelism()));

/** What a process sends once it can be asked; its start is no time of an image. */
export const READY = 'ready';

const idle: ChildProcess[] = [];

/**
 * @returns what `encode.ts` makes of the file before restart markers are put in
 * @throws CodecLmError the file's own error; `IMAGE_TIMEOUT` when it took too long, `IMAGE_CORRUPT`
 *   when its decoder crashed
 * @throws NoProcess
 */
export function readAlone(request: AloneRequest): Promise<Uint8Array> {
  return limit(() => readByChild(request));
}

async function readByChild(request: AloneRequest): Promise<Uint8Array> {
  const child = idle.pop() ?? start();
  try {
    if (!ready.has(child)) await answerOf(child, request.label);
    ready.add(child);
    const reply = await ask(child, request);
    if ('jpeg' in reply) return reply.jpeg;
    const { code, message, hint } = reply;
    throw new CodecLmError(code, message, { path: request.label, hint });
  } finally {
    if (child.connected && !child.killed) idle.push(child);
  }
}

const ready = new WeakSet<ChildProcess>();

/** From the sources through the same starter as the command lines; from a built package as it is. */
function start(): ChildProcess {
  const options: ForkOptions = {
    serialization: 'advanced',
    execArgv: [],
    // libheif writes of damage to stdout, which belongs to results.
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  };
  const child = import.meta.url.endsWith('.ts')
    ? fork(new URL('../../../../bin/start.js', import.meta.url), [ENTRY], options)
    : fork(new URL('./alone-process.js', import.meta.url), options);
  // Whoever waits for an answer hears of it; one that nobody waits for is only not used again.
  child.on('error', () => {});
  child.once('exit', () => {
    const at = idle.indexOf(child);
    if (at >= 0) idle.splice(at, 1);
  });
  return child;
}

const ENTRY = 'tokenizer/codecs/jpeg/source/alone-process.ts';

async function ask(child: ChildProcess, request: AloneRequest): Promise<AloneReply> {
  const { label, settings } = request;
  const answer = answerOf(child, label);
  let isOverdue = false;
  const stop = () => {
    isOverdue = true;
    child.kill('SIGKILL');
  };
  const seconds = settings.timeoutSeconds;
  const timer = seconds > 0 ? setTimeout(stop, seconds * 1000) : undefined;
  try {
    // Where it cannot be sent the process has ended, which the answer tells.
    child.send(request, () => {});
    return (await answer) as AloneReply;
  } catch (error) {
    throw isOverdue ? overdue(label, seconds) : error;
  } finally {
    clearTimeout(timer);
  }
}

/** Its next message. While it is waited for, the process keeps this one alive. */
async function answerOf(child: ChildProcess, label: string): Promise<unknown> {
  const settled = new AbortController();
  const { signal } = settled;
  child.ref();
  child.channel?.ref();
  try {
    return await Promise.race([
      once(child, 'message', { signal }).then(([message]) => message),
      once(child, 'exit', { signal }).then(([status, killer]) => {
        throw crashed(label, killer ?? `status ${status}`);
      }),
    ]);
  } catch (error) {
    child.kill('SIGKILL');
    throw error instanceof CodecLmError ? error : new NoProcess('', { cause: error });
  } finally {
    settled.abort();
    child.unref();
    child.channel?.unref();
  }
}

function crashed(label: string, how: string): CodecLmError {
  const message = `${label} is damaged: the process that read it alone ended with ${how}`;
  return new CodecLmError('IMAGE_CORRUPT', message, { path: label });
}

function overdue(label: string, seconds: number): CodecLmError {
  return new CodecLmError('IMAGE_TIMEOUT', `${label} took too long: more than ${seconds} s`, {
    path: label,
    hint: 'raise `timeoutSeconds` if the file is to be trusted',
  });
}

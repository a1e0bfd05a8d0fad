/**
 * Reads a file in a process that reads nothing else at that time. libvips collects all error
 * messages of a process in one buffer, so a file that fails while others are being read may get
 * their messages. Reading it again here shows its own messages. A decoder that cannot be
 * interrupted also runs here: it is stopped by ending the process.
 *
 * The processes start when a file first needs one, are reused, and do not keep the parent process
 * alive.
 */
import { type ChildProcess, type ForkOptions, fork } from 'node:child_process';
import { once } from 'node:events';
import { availableParallelism } from 'node:os';
import pLimit from 'p-limit';
import { CodecLmError, type ErrorCode } from '../../../../base/error.ts';
import type { ImageSettings } from '../settings.ts';

export interface AloneRequest {
  readonly source: Uint8Array;
  readonly label: string;
  readonly settings: ImageSettings;
}

/** The reply: the baseline JPEG or the pixels, or the error. */
export type AloneReply =
  | { readonly content: Uint8Array }
  | { readonly code: ErrorCode; readonly message: string; readonly hint?: string };

/** No process can be started: the machine has no memory or no right for one more. */
export class NoProcess extends Error {}

/** More processes would take memory from the main work. */
const limit = pLimit(Math.min(4, availableParallelism()));

/** A process sends this once it can be used; its start does not count as time of an image. */
export const READY = 'ready';

const idle: ChildProcess[] = [];

/**
 * @returns what `baseline.ts` makes of the file
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
    if ('content' in reply) return reply.content;
    const { code, message, hint } = reply;
    throw new CodecLmError(code, message, { path: request.label, hint });
  } finally {
    if (child.connected && !child.killed) idle.push(child);
  }
}

const ready = new WeakSet<ChildProcess>();

/**
 * Starts a process: from the sources through the same starter as the command lines, from a built
 * package directly.
 */
function start(): ChildProcess {
  const options: ForkOptions = {
    serialization: 'advanced',
    execArgv: [],
    // libheif reports damage on stdout, which is reserved for results.
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  };
  const child = import.meta.url.endsWith('.ts')
    ? fork(new URL('../../../../bin/start.js', import.meta.url), [ENTRY], options)
    : fork(new URL('./alone-process.js', import.meta.url), options);
  // Whoever waits for an answer hears of an error; an idle process is just not used again.
  child.on('error', () => {});
  child.once('exit', () => {
    const at = idle.indexOf(child);
    if (at >= 0) idle.splice(at, 1);
  });
  return child;
}

const ENTRY = 'tokenizer/codecs/pictures/source/alone-process.ts';

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
    // Sending fails if the process has ended; the answer reports that.
    child.send(request, () => {});
    return (await answer) as AloneReply;
  } catch (error) {
    throw isOverdue ? overdue(label, seconds) : error;
  } finally {
    clearTimeout(timer);
  }
}

/** The next message of the process. While it is awaited, the process keeps this one alive. */
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

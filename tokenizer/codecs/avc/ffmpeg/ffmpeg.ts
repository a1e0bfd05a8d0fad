/**
 * The only module that runs ffmpeg: starts a process through fluent-ffmpeg, with the limits of
 * fence.ts, and collects its output. No shell is involved.
 *
 * It works around these traps of fluent-ffmpeg 2.1.3: the path to ffmpeg is global to the process;
 * it runs `ffmpeg -formats` and `-encoders` first; it splits options at spaces; `end` fires before
 * the output has drained; an output that closes early counts as an error even on success; `kill`
 * before the start does nothing.
 */
import { Writable } from 'node:stream';
import { CodecLmError, messageOf, systemCode } from '../../../../base/error.ts';
import { loadOptional } from '../../../../base/optional.ts';
import { type FenceLimits, fenced, fenceTools } from './fence.ts';

export interface FfmpegJob extends FenceLimits {
  /** Path of the binary. */
  ffmpeg: string;
  /** Options before `-i`; each reaches ffmpeg as one argument. */
  inputOptions: readonly string[];
  /** The argument of `-i`. */
  input: string;
  outputOptions: readonly string[];
  /** A file to write; if absent, the output is collected from a pipe. */
  outputFile?: string;
  timeoutSeconds: number;
  /**
   * Limit of a collected output in bytes, so that a stream that never ends cannot fill the memory.
   */
  maxOutputBytes?: number;
  /** Takes the output as it comes, instead of collecting it; false ends the process, which is no failure. */
  onOutput?(chunk: Buffer): boolean;
}

export interface FfmpegResult {
  /** Empty when the output is a file. */
  output: Buffer;
  /** The last lines that ffmpeg wrote to stderr. */
  stderr: string;
  /** undefined when the process ended with exit code 0. */
  failure?: {
    reason: 'exit' | 'timeout' | 'too large';
    message: string;
    /** Set when the process ended by itself. */
    exitCode?: number;
  };
}

/** Number of lines of stderr that are kept. */
const STDERR_LINES = 100;

/** Instance members that the typings do not name; the version is pinned. */
interface Internals {
  _getFfmpegPath(callback: (error: null, path: string) => void): void;
  _checkCapabilities(callback: (error: null) => void): void;
  availableEncoders(callback: (error: null, encoders: object) => void): void;
  _getArguments(): string[];
}

/** @throws CodecLmError `TOOL_MISSING` when no process can be started */
export async function runFfmpeg(job: FfmpegJob): Promise<FfmpegResult> {
  const [program, ...prefix] = fenced(await fenceTools(), job, job.ffmpeg);
  const createCommand = loadOptional<typeof import('fluent-ffmpeg')>('fluent-ffmpeg', 'videos');
  const command = createCommand({ source: job.input, stdoutLines: STDERR_LINES });
  command.inputOptions('-nostdin', ...job.inputOptions);
  const collected: Buffer[] = [];
  const sink = new Sink(takerOf(job, collected, (reason) => kill(reason)));
  if (job.outputFile === undefined) command.output(sink, { end: true });
  else command.output(job.outputFile);
  command.outputOptions(...(job.outputOptions as [string, ...string[]]));
  steer(command as unknown as Internals, program, prefix);

  let stopped: Stop | undefined;
  let started = false;
  const kill = (reason: Stop) => {
    stopped ??= reason;
    if (started) command.kill('SIGKILL');
  };
  const timer = setTimeout(() => kill('timeout'), job.timeoutSeconds * 1000);
  try {
    const ended = await new Promise<Ended>((resolve) => {
      command.on('start', () => {
        started = true;
        if (stopped) kill(stopped);
      });
      command.on('error', (error, _stdout, stderr) => resolve({ error, stderr: stderr ?? '' }));
      command.on('end', (_stdout, stderr) => resolve({ stderr: stderr ?? '' }));
      command.run();
    });
    if (systemCode(ended.error)) throw notStarted(job.ffmpeg, ended.error);
    if (!ended.error && job.outputFile === undefined) await sink.drained;
    const output = Buffer.concat(collected);
    return { output, stderr: ended.stderr, failure: failureOf(ended, stopped) };
  } finally {
    clearTimeout(timer);
  }
}

/** Why a process was killed from here. */
type Stop = 'timeout' | 'too large' | 'enough';

interface Ended {
  error?: unknown;
  stderr: string;
}

/**
 * Makes this command start its own binary, within the limits, and skip the preliminary queries.
 */
function steer(command: Internals, program: string, prefix: readonly string[]): void {
  const plain = command._getArguments.bind(command);
  command._getFfmpegPath = (callback) => callback(null, program);
  command._checkCapabilities = (callback) => callback(null);
  command.availableEncoders = (callback) => callback(null, {});
  command._getArguments = () => [...prefix, ...plain()];
}

function failureOf({ error }: Ended, stopped: Stop | undefined): FfmpegResult['failure'] {
  if (stopped === 'enough') return undefined;
  if (stopped) return { reason: stopped, message: stopped };
  if (error === undefined) return undefined;
  const message = messageOf(error);
  const exitCode = /exited with code (\d+)/.exec(message)?.[1];
  return { reason: 'exit', message, exitCode: exitCode ? Number(exitCode) : undefined };
}

function notStarted(path: string, cause: unknown): CodecLmError {
  return new CodecLmError('TOOL_MISSING', `${path} cannot be started: ${messageOf(cause)}`, {
    cause,
    path,
    hint: 'install ffmpeg, or set CODEC_LM_FFMPEG',
  });
}

/** Collects the output up to its limit, or gives it to whoever wants it as it comes. */
function takerOf(
  { onOutput, maxOutputBytes = 0 }: FfmpegJob,
  collected: Buffer[],
  kill: (reason: Stop) => void,
): (chunk: Buffer) => void {
  let size = 0;
  let isEnough = false;
  return (chunk) => {
    if (onOutput) {
      // What was on its way when the process was killed is not given on.
      if (isEnough || onOutput(chunk)) return;
      isEnough = true;
      kill('enough');
      return;
    }
    size += chunk.length;
    if (size > maxOutputBytes) kill('too large');
    else collected.push(chunk);
  };
}

/** Takes a stream. It never closes, because fluent-ffmpeg would take that for a broken output. */
class Sink extends Writable {
  readonly #take: (chunk: Buffer) => void;
  readonly drained: Promise<void>;

  constructor(take: (chunk: Buffer) => void) {
    super({ autoDestroy: false, emitClose: false });
    this.#take = take;
    this.drained = new Promise((resolve) => this.once('finish', resolve));
  }

  override _write(chunk: Buffer, _encoding: string, callback: () => void): void {
    this.#take(chunk);
    callback();
  }
}

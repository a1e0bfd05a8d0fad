/**
 * Chooses the ffmpeg: the one that is named, else the system's, else the one from npm. That one is
 * a static build of 2018, so it comes last.
 */
import { execFile } from 'node:child_process';
import { accessSync, constants, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { CodecLmError, messageOf } from '../../../../base/error.ts';

const run = promisify(execFile);

/** Environment variable with the ffmpeg for this project alone. */
export const FFMPEG_VARIABLE = 'CODEC_LM_FFMPEG';

/**
 * Environment variables that name an ffmpeg; the first one that is set wins. Other programs read
 * the second one too.
 */
const VARIABLES = [FFMPEG_VARIABLE, 'FFMPEG_PATH'];

/**
 * libavcodec of ffmpeg 4.1, the oldest version that was tested; every build prints it with
 * `-version`.
 */
const OLDEST_LIBAVCODEC = [58, 35];

/**
 * libavcodec of ffmpeg 5.1, the first version that knows `-fps_mode`; 9.0 no longer knows `-vsync`.
 * Releases, nightly builds and distributions name their versions differently, but all of them print
 * the version of this library.
 */
const FPS_MODE_LIBAVCODEC = [59, 37];

/** Long enough to start a program from a cold network disk for the first time. */
const PATIENCE_MS = 60_000;

export interface Ffmpeg {
  readonly path: string;
  readonly origin: 'named' | 'system' | 'npm';
  /** The environment variable that named the binary, if one did. */
  readonly variable?: string;
  /** Versions of the libraries that decide the bytes, as written in shard metadata. */
  readonly versions: Readonly<Record<'ffmpeg' | 'libavcodec' | 'libswscale' | 'x264', string>>;
  /** The option of this version that controls how frames are dropped and doubled. */
  readonly frameSync: '-fps_mode' | '-vsync';
}

/**
 * @param named a path, or the name of a program; if absent, the environment is searched
 *   (CODEC_LM_FFMPEG, then FFMPEG_PATH), then the PATH, then npm's packages
 * @throws CodecLmError `TOOL_MISSING` when there is none, or the first one found is too old
 *   or has no libx264
 */
export async function findFfmpeg(named?: string): Promise<Ffmpeg> {
  const { path, ...from } = locate(named);
  const facts = await identify(path);
  return { ...facts, ...from };
}

type Located = Pick<Ffmpeg, 'path' | 'origin' | 'variable'>;

function locate(named: string | undefined): Located {
  if (named) return { path: pathOf(named) ?? named, origin: 'named' };
  const variable = VARIABLES.find((name) => process.env[name]);
  if (variable) {
    const value = process.env[variable]!;
    return { path: pathOf(value) ?? value, origin: 'named', variable };
  }
  const system = onPath('ffmpeg');
  if (system) return { path: system, origin: 'system' };
  const fromNpm = npmFfmpeg();
  if (fromNpm) return { path: fromNpm, origin: 'npm' };
  throw new CodecLmError('TOOL_MISSING', 'no ffmpeg: neither on the PATH nor from npm', {
    hint: `install ffmpeg (apt-get install ffmpeg), or name one in ${FFMPEG_VARIABLE}`,
  });
}

/** Says where a binary was found, for people. */
export function originOf({ origin, variable }: Ffmpeg): string {
  if (origin === 'npm') return `from npm: @ffmpeg-installer, ${NPM_BUILD}`;
  if (origin === 'system') return 'on the PATH';
  return variable ? `named by ${variable}` : 'named by an option';
}

/** @ffmpeg-installer/ffmpeg 1.1.0 brings 4.1. */
const NPM_BUILD = 'a build of 2018';

/** Warns before files from strangers are opened with an old ffmpeg. */
export function warningOf({ origin, versions }: Ffmpeg): string | undefined {
  if (origin !== 'npm') return undefined;
  return (
    `warning: ffmpeg ${versions.ffmpeg} from npm is ${NPM_BUILD}, whose decoders have known holes; ` +
    `for files that you do not trust install a current one, or name it in ${FFMPEG_VARIABLE}`
  );
}

/** Path of the binary from the optional dependency, if it is installed for this platform. */
export function npmFfmpeg(): string | undefined {
  const binary = process.platform === 'win32' ? 'ffmpeg.exe' : 'ffmpeg';
  const name = `@ffmpeg-installer/${process.platform}-${process.arch}`;
  try {
    const path = createRequire(import.meta.url).resolve(`${name}/${binary}`);
    return isExecutable(path) ? path : undefined;
  } catch {
    // Not installed: npm skips optional packages for other platforms.
    return undefined;
  }
}

function pathOf(named: string): string | undefined {
  return named.includes('/') ? named : onPath(named);
}

/** The first program of this name on the PATH. */
export function onPath(name: string): string | undefined {
  const folders = (process.env.PATH ?? '').split(delimiter).filter(Boolean);
  return folders.map((folder) => join(folder, name)).find(isExecutable);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

/** Facts by binary: a process asks each binary once. */
type Facts = Omit<Ffmpeg, 'origin' | 'variable'>;

const identified = new Map<string, Promise<Facts>>();

function identify(path: string): Promise<Facts> {
  const known = identified.get(path) ?? interrogate(path);
  identified.set(path, known);
  // Forget a failure: it may be repaired meanwhile.
  known.catch(() => identified.delete(path));
  return known;
}

async function interrogate(path: string): Promise<Facts> {
  const text = await ask(path);
  const ffmpeg = /^ffmpeg version (\S+)/.exec(text)?.[1];
  const libavcodec = libraryVersion(text, 'libavcodec');
  const libswscale = libraryVersion(text, 'libswscale');
  if (!ffmpeg || !libavcodec || !libswscale) {
    throw unusable(path, 'is not ffmpeg: -version prints something else');
  }
  if (!isAtLeast(libavcodec, OLDEST_LIBAVCODEC)) {
    throw unusable(path, `is ffmpeg ${ffmpeg}, which is too old: 4.1 or later is needed`);
  }
  if (!text.includes('--enable-libx264')) {
    throw unusable(path, `is ffmpeg ${ffmpeg}, built without libx264`);
  }
  const frameSync = isAtLeast(libavcodec, FPS_MODE_LIBAVCODEC) ? '-fps_mode' : '-vsync';
  const versions = { ffmpeg, libavcodec, libswscale, x264: await askX264(path) };
  return { path, versions, frameSync };
}

function isAtLeast(version: string, [leastMajor, leastMinor]: readonly number[]): boolean {
  const [major, minor] = version.split('.').map(Number);
  return major > leastMajor || (major === leastMajor && minor >= leastMinor);
}

async function ask(path: string): Promise<string> {
  try {
    return (await run(path, ['-version'], { timeout: PATIENCE_MS })).stdout;
  } catch (error) {
    throw unusable(path, `cannot be run: ${messageOf(error).split('\n')[0]}`, error);
  }
}

/** `libavcodec     59. 37.100 / 59. 37.100` -> `59.37.100`, of the library that is loaded. */
function libraryVersion(text: string, name: string): string | undefined {
  const found = new RegExp(`^${name} .*/ *(\\d+)\\. *(\\d+)\\. *(\\d+)`, 'm').exec(text);
  return found ? found.slice(1).join('.') : undefined;
}

/**
 * x264 prints its version only in the SEI of its output, so this encodes one grey frame of 16x16.
 */
async function askX264(path: string): Promise<string> {
  const raw = '-f rawvideo -pix_fmt yuv420p -video_size 16x16 -i pipe:0';
  const args = `-v error ${raw} -frames:v 1 -c:v libx264 -f h264 pipe:1`.split(' ');
  const options = { encoding: 'buffer', timeout: PATIENCE_MS } as const;
  try {
    const encoding = run(path, args, options);
    encoding.child.stdin?.on('error', () => undefined).end(Buffer.alloc(384, 128));
    const { stdout } = await encoding;
    const version = /x264 - core (\d+ \w+ \w+|\d+)/.exec(stdout.toString('latin1'))?.[1];
    if (version) return version;
  } catch (error) {
    throw unusable(path, `cannot encode with libx264: ${messageOf(error).split('\n')[0]}`, error);
  }
  throw unusable(path, 'encodes with a libx264 that does not say its version');
}

function unusable(path: string, what: string, cause?: unknown): CodecLmError {
  return new CodecLmError('TOOL_MISSING', `${path} ${what}`, {
    cause,
    path,
    hint: `install a current ffmpeg, or name one in ${FFMPEG_VARIABLE}`,
  });
}

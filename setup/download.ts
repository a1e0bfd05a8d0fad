/** Downloads a pinned wheel through pip, with the user's own index, proxy and certificates. */

import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, readdir, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { CodecLmError } from '../base/error.ts';
import { formatBar, formatDuration } from '../base/format.ts';
import type { Progress } from '../cli/progress.ts';
import type { Wheel } from './pins.ts';
import { runTool } from './tool.ts';

const TOTAL_TIMEOUT_MS = 60 * 60_000;
const STALL_MS = 60_000;
const MB = 1e6;

/**
 * Any CPython release of the wheel has the same C library: one is pinned, whatever Python runs pip.
 * There are few retries and short waits, because set-up can continue without the wheel.
 */
const PIP_ARGS = [
  ...['-m', 'pip', 'download', '--no-deps', '--only-binary=:all:', '--no-input'],
  ...['--quiet', '--progress-bar=off', '--disable-pip-version-check'],
  ...['--timeout=15', '--retries=1'],
  ...['--python-version=311', '--implementation=cp'],
  ...['--abi=cp311', '--abi=abi3', '--abi=none'],
];

export interface DownloadContext {
  python: string;
  progress: Progress;
  signal?: AbortSignal;
}

/**
 * @param dir a folder of its own; pip's temporary files go there too
 * @returns path of the wheel, its hash checked
 * @throws CodecLmError BACKEND_UNAVAILABLE, INTERRUPTED
 */
export async function downloadWheel(
  wheel: Wheel,
  dir: string,
  context: DownloadContext,
): Promise<string> {
  const temporary = join(dir, 'pip');
  const files = join(dir, 'wheel');
  await mkdir(temporary, { recursive: true });
  await mkdir(files, { recursive: true });
  const name = `${wheel.package}==${wheel.version}`;
  const show = meter(`${wheel.package} ${wheel.version}`, wheel.bytes, context.progress);
  try {
    await runTool(
      context.python,
      [
        ...PIP_ARGS,
        ...wheel.platforms.map((platform) => `--platform=${platform}`),
        `--dest=${files}`,
        name,
      ],
      {
        env: { TMPDIR: temporary, TEMP: temporary, TMP: temporary },
        signal: context.signal,
        timeoutMs: TOTAL_TIMEOUT_MS,
        stallMs: STALL_MS,
        watch: async () => show(await bytesUnder(dir)),
      },
    );
  } catch (error) {
    if (!(error instanceof CodecLmError) || error.code === 'INTERRUPTED') throw error;
    throw new CodecLmError(
      'BACKEND_UNAVAILABLE',
      `downloading ${name} with pip: ${error.message}`,
      {
        cause: error,
        hint: 'check the network, or the index that pip is set up with',
      },
    );
  } finally {
    context.progress.done();
  }
  return checkHash(files, wheel);
}

async function checkHash(files: string, wheel: Wheel): Promise<string> {
  const [file] = await readdir(files);
  const path = join(files, file);
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash);
  const found = hash.digest('hex');
  if (found === wheel.sha256) return path;
  throw new CodecLmError(
    'BACKEND_UNAVAILABLE',
    `${basename(path)} is not the file that was pinned: its sha256 is ${found}, not ${wheel.sha256}`,
    { path, hint: 'the index or a proxy changed it; nothing of it was used' },
  );
}

/** @returns a function that shows the progress and returns its argument */
function meter(label: string, total: number, progress: Progress): (bytes: number) => number {
  const started = performance.now();
  return (bytes) => {
    const done = Math.min(bytes, total);
    const elapsed = (performance.now() - started) / 1000;
    const speed = done / elapsed;
    const eta = done > 0 ? `  ETA ${formatDuration((total - done) / speed)}` : '';
    progress.update(
      `downloading ${label} ${formatBar(done / total)} ${mega(done)}/${mega(total)} MB  ${mega(speed)} MB/s${eta}`,
    );
    return bytes;
  };
}

function mega(bytes: number): string {
  return (bytes / MB).toFixed(0);
}

/** Sizes of all files under a folder that others write into and delete from. */
export async function bytesUnder(dir: string): Promise<number> {
  const entries = await readdir(dir, { withFileTypes: true, recursive: true }).catch(() => []);
  const sizes = await Promise.all(
    entries
      .filter((entry) => entry.isFile())
      .map((entry) =>
        stat(join(entry.parentPath ?? entry.path, entry.name)).then(
          (file) => file.size,
          () => 0,
        ),
      ),
  );
  return sizes.reduce((sum, size) => sum + size, 0);
}

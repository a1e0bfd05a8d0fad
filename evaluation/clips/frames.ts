/** Clips as folders of frames, the form that tools of the Fréchet video distance read. */
import { mkdir, readdir, rename, rm, stat } from 'node:fs/promises';
import { basename, extname, join } from 'node:path';
import { CodecLmError } from '../../base/error.ts';
import { readError, writeError } from '../../base/file-error.ts';
import { makeFolder } from '../../base/files.ts';
import { writePngFrames } from '../../tokenizer/codecs/avc/ffmpeg/png-frames.ts';
import { codecNamed, DEFAULT_CODECS } from '../../tokenizer/index.ts';

export interface FramesOptions {
  /** Folder to write to; folders in it are never overwritten. */
  to: string;
  /** Stops before the next clip, with `INTERRUPTED`. */
  signal?: AbortSignal;
  onEvent?: (event: FramesEvent) => void;
}

/** A clip whose frames are written. */
export interface FramesEvent {
  readonly type: 'frames';
  /** The folder. */
  readonly path: string;
  readonly frames: number;
  readonly done: number;
  readonly total: number;
}

/**
 * Writes the frames of each video as `TO/NAME/000000.png` …, as they are: no size and no rate is changed.
 * @param paths videos, or folders of videos
 * @returns the number of clips
 * @throws CodecLmError `INPUT_NOT_FOUND`, `INPUT_EMPTY`; `VIDEO_UNSUPPORTED` that names the file;
 *   `OUTPUT_IN_USE` for a folder that is there, or two clips of one name; `TOOL_MISSING`, `INTERRUPTED`
 */
export async function writeFrames(
  paths: readonly string[],
  { to, signal, onEvent }: FramesOptions,
): Promise<number> {
  const files = (await Promise.all(paths.map(videosOf))).flat();
  const folders = new Map<string, string>();
  for (const file of files) {
    const folder = join(to, basename(file, extname(file)));
    const other = folders.get(folder);
    if (other !== undefined) throw inUse(folder, `for ${other} and for ${file}`);
    if (await isThere(folder)) throw inUse(folder, 'it is there already');
    folders.set(folder, file);
  }
  await makeFolder(to);
  for (const [done, [folder, file]] of [...folders].entries()) {
    if (signal?.aborted) {
      throw new CodecLmError('INTERRUPTED', `${done} of ${files.length} clips are written`);
    }
    // Aside first: a folder under its own name has all frames.
    const aside = join(to, `.${basename(folder)}.part`);
    await rm(aside, { recursive: true, force: true });
    try {
      await mkdir(aside).catch((error) => {
        throw writeError(error, aside);
      });
      const frames = await writePngFrames(file, aside);
      await rename(aside, folder).catch((error) => {
        throw writeError(error, folder);
      });
      onEvent?.({ type: 'frames', path: folder, frames, done: done + 1, total: files.length });
    } finally {
      await rm(aside, { recursive: true, force: true });
    }
  }
  return files.length;
}

async function videosOf(path: string): Promise<string[]> {
  const { extensions } = codecNamed(DEFAULT_CODECS.videos);
  try {
    if (!(await stat(path)).isDirectory()) return [path];
    const names = await readdir(path);
    const videos = names.filter(
      (name) => !name.startsWith('.') && extensions.has(extname(name).toLowerCase()),
    );
    if (videos.length > 0) return videos.sort().map((name) => join(path, name));
  } catch (error) {
    throw readError(error, path);
  }
  throw new CodecLmError('INPUT_EMPTY', `${path}: no video is in this folder`, { path });
}

async function isThere(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}

function inUse(folder: string, why: string): CodecLmError {
  return new CodecLmError('OUTPUT_IN_USE', `${folder}: ${why}`, {
    path: folder,
    hint: 'name another folder as `to`',
  });
}

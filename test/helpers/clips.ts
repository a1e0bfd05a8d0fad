/** A corpus of videos that give several clips each, and what a run makes of it. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { ExecutionContext } from 'ava';
import { joinPlace } from '../../base/storage/index.ts';
import type { DocumentRow } from '../../schemas/dataset.ts';
import { readDocuments } from '../../shards/dataset/documents.ts';
import { readManifest, verify } from '../../shards/index.ts';
import { ffmpeg, moving } from './videos.ts';

export const RECIPE = {
  codec: 'avc',
  ...{ size: '48x32', fps: 3, frames: 6, seqLen: 256, merges: 20, partitionSize: 4 },
} as const;
/** A clip has two seconds: four of them, three seconds apart. */
export const BY_STRIDE = { ...RECIPE, clipsPerVideo: 4, stride: 3 };

/** Seconds of each video, and how many clips of `BY_STRIDE` it has. */
export const VIDEOS: Record<string, { seconds: number; clips: number }> = {
  'a.mp4': { seconds: 12.5, clips: 4 },
  'b.mkv': { seconds: 5.5, clips: 2 },
  'c.mp4': { seconds: 1.2, clips: 0 },
  'd.mkv': { seconds: 8.2, clips: 3 },
};

/** @returns the folder of the videos */
export async function makeVideos(work: string): Promise<string> {
  const corpus = join(work, 'corpus');
  await mkdir(corpus);
  for (const [i, [name, { seconds }]] of Object.entries(VIDEOS).entries()) {
    const source = moving(`${64 + 16 * i}x48`, 10, seconds);
    await ffmpeg([...source, ...'-pix_fmt yuv420p -bf 2 -g 25'.split(' '), name], corpus);
  }
  return corpus;
}

/** `pipeline run videos` with the options of `BY_STRIDE`. */
export function clipArgs(corpus: string, out: string, ...more: string[]): string[] {
  const { codec: _, ...options } = BY_STRIDE;
  const flags = Object.entries(options).flatMap(([key, value]) => [
    `--${key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`,
    String(value),
  ]);
  return ['run', 'videos', corpus, '--out', out, ...flags, ...more];
}

/** All rows of documents/, by their ids. */
export async function clipRows(out: string): Promise<DocumentRow[]> {
  const rows: DocumentRow[] = [];
  for (const { file } of (await readManifest(out)).documents) {
    for await (const row of readDocuments(joinPlace(out, file))) rows.push(row);
  }
  return rows.sort((a, b) => a.docId - b.docId);
}

/** File name of a source. */
export const fileNameOf = (source: string) => source.split('/').at(-1)!;

/** Name -> where its clips begin, in seconds. */
export function startsOf(rows: readonly DocumentRow[]): Record<string, number[]> {
  const starts: Record<string, number[]> = {};
  for (const { source, clipStart } of rows) {
    const name = fileNameOf(source);
    starts[name] = [...(starts[name] ?? []), clipStart!];
  }
  return starts;
}

export async function isGood(t: ExecutionContext, out: string): Promise<void> {
  t.deepEqual((await verify(out)).problems, []);
}

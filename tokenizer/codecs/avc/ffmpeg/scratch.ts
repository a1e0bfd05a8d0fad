/** A temporary folder for files that ffmpeg needs on a disk; it is removed after the work. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writeError } from '../../../../base/file-error.ts';

export async function withFolder<T>(work: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'codec-lm-avc-')).catch((error) => {
    throw writeError(error, join(tmpdir(), 'codec-lm-avc-'), 'making a temporary folder');
  });
  try {
    return await work(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** How ffmpeg judges a document: the frames it shows, and what it complains about. */
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { findFfmpeg } from '../../../../tokenizer/codecs/avc/ffmpeg/find.ts';

const run = promisify(execFile);

export interface Judgement {
  readonly frames: number;
  readonly complaints: string;
}

export async function decode(bytes: Uint8Array): Promise<Judgement> {
  const cwd = await mkdtemp(join(tmpdir(), 'codec-lm-decode-'));
  try {
    await writeFile(join(cwd, 'x.h264'), bytes);
    const options = { cwd, timeout: 120_000, maxBuffer: 2 ** 26 };
    const { path, frameSync } = await findFfmpeg();
    const command = `-v error -f h264 -i x.h264 ${frameSync} passthrough -f framecrc -`;
    const { stdout, stderr } = await run(path, command.split(' '), options);
    const frames = stdout.split('\n').filter((line) => line.startsWith('0,')).length;
    return { frames, complaints: stderr };
  } finally {
    await rm(cwd, { recursive: true });
  }
}

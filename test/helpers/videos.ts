/** Video files that a test makes, with the ffmpeg that the project finds. */
import { execFile } from 'node:child_process';
import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { findFfmpeg } from '../../tokenizer/codecs/avc/ffmpeg/find.ts';

const run = promisify(execFile);

/** Runs ffmpeg by hand, from the folder `cwd`. @returns stdout */
export async function ffmpeg(args: readonly string[], cwd: string, path?: string): Promise<Buffer> {
  const program = path ?? (await findFfmpeg()).path;
  const options = { cwd, encoding: 'buffer', maxBuffer: 2 ** 28, timeout: 120_000 } as const;
  const { stdout } = await run(program, ['-v', 'error', '-y', ...args], options);
  return stdout;
}

/** `-f lavfi -i …` of a moving test picture. */
export function moving(size: string, rate: number, seconds: number): string[] {
  return ['-f', 'lavfi', '-i', `testsrc2=size=${size}:rate=${rate}:duration=${seconds}`];
}

/** `clip-000.mp4` …: distinct moving pictures, each a little longer than five seconds. */
export async function makeClips(folder: string, count: number, size = '96x64'): Promise<string[]> {
  await mkdir(folder, { recursive: true });
  const cut =
    '-pix_fmt yuv420p -g 32 -keyint_min 32 -sc_threshold 0 -f segment -segment_time 5.3 -reset_timestamps 1';
  await ffmpeg([...moving(size, 6, (count * 32) / 6), ...cut.split(' '), 'clip-%03d.mp4'], folder);
  return (await readdir(folder)).sort().map((name) => join(folder, name));
}

/** The paper's command (appendix D), word for word. */
export const PAPER_COMMAND = [
  '-vf',
  'fps=3,scale=256:144:force_original_aspect_ratio=decrease, pad=256:144:(ow-iw)/2:(oh-ih)/2',
  ...'-t 5 -c:v libx264 -pix_fmt yuv420p -profile:v baseline -qp 37 -bf 0 -an -sn'.split(' '),
  ...'-x264opts slice-max-mbs=1 -trellis 0 -me_method dia -threads 1 -subq 0 -psy 0'.split(' '),
  ...'-mixed-refs 0 -fast-pskip 0 -partitions none -refs 3 -bsf:v h264_mp4toannexb'.split(' '),
];

/** Two sets of bytes of a file that a decoder notices. */
export function damage(bytes: Uint8Array): Buffer {
  const damaged = Buffer.from(bytes);
  const from = Math.floor(bytes.length / 3);
  for (let i = from; i < from + Math.min(4000, bytes.length / 10); i++) damaged[i] ^= 0x5a;
  return damaged;
}

/**
 * An MP4 file with another display matrix: versions of ffmpeg differ in how they are asked for one.
 * @param matrix a, b, u, c, d, v of ISO/IEC 14496-12 (6.2.2) as whole numbers
 */
export function turn(file: Uint8Array, matrix: Int32Array): Buffer {
  const turned = Buffer.from(file);
  const at = turned.indexOf('tkhd') + 4 + 40;
  for (const [i, value] of matrix.entries()) turned.writeInt32BE(value * 65_536, at + 4 * i);
  return turned;
}

/**
 * Options of a video whose scenes are plain colours or, between them, a moving picture (`testsrc`): cuts lie
 * where the seconds add up.
 */
export function scenes(
  size: string,
  rate: number,
  parts: readonly (readonly [picture: string, seconds: number])[],
): string[] {
  const inputs = parts.flatMap(([picture, seconds]) => {
    const source = picture === 'testsrc' ? 'testsrc=' : `color=${picture}:`;
    return ['-f', 'lavfi', '-i', `${source}size=${size}:rate=${rate}:duration=${seconds}`];
  });
  const joined = `${parts.map((_, i) => `[${i}]`).join('')}concat=n=${parts.length}:v=1`;
  return [...inputs, '-filter_complex', joined, '-pix_fmt', 'yuv420p'];
}

/** A small corpus of moving pictures: photographs panned over and zoomed into, and ffmpeg's own sources. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { CodecLmError } from '../schemas/error.ts';
import { runFfmpeg } from '../tokenizer/avc/ffmpeg.ts';
import { findFfmpeg } from '../tokenizer/avc/ffmpeg-find.ts';
import { PHOTOGRAPH_NAMES, photographPath } from './photographs.ts';

/** A little more than the five seconds that are taken of each. */
const SECONDS = 5.4;
const RATE = 6;
const SIZE = '160x120';
const LIMITS = { timeoutSeconds: 120, cpuSeconds: 120, memoryMb: 4096 };

/** An input and the filter that moves it. */
interface Scene {
  inputOptions: string[];
  input: string;
  filter: string;
}

/**
 * Writes `count` clips to `folder`, the same ones every time.
 * @param first number of the first clip: another range is other clips
 * @returns the paths written
 */
export async function writeClips(folder: string, count: number, first = 0): Promise<string[]> {
  await mkdir(folder, { recursive: true });
  const { path: ffmpeg } = await findFfmpeg();
  const written: string[] = [];
  for (let i = first; i < first + count; i++) {
    const outputFile = join(folder, `clip-${String(i).padStart(4, '0')}.mp4`);
    const { inputOptions, input, filter } = sceneOf(i);
    const coded = '-c:v libx264 -preset ultrafast -crf 18 -pix_fmt yuv420p'.split(' ');
    const { failure, stderr } = await runFfmpeg({
      ...LIMITS,
      ffmpeg,
      inputOptions: ['-loglevel', 'error', ...inputOptions],
      input,
      outputOptions: ['-t', String(SECONDS), '-vf', filter, '-r', String(RATE), ...coded],
      outputFile,
    });
    if (failure) {
      throw new CodecLmError('TOOL_MISSING', `making ${outputFile}: ${stderr || failure.message}`);
    }
    written.push(outputFile);
  }
  return written;
}

/** Six of eight are photographs; numbers that follow each other move in other ways. */
function sceneOf(i: number): Scene {
  const kind = i % 8;
  if (kind === 6) return generated(`testsrc2=size=${SIZE}:rate=${RATE}`, i);
  if (kind === 7) return fractal(i);
  const name = PHOTOGRAPH_NAMES[Math.floor(i / 8) % PHOTOGRAPH_NAMES.length];
  const still = kind < 4 ? 'scale=320:240:force_original_aspect_ratio=increase' : 'scale=640:-2';
  // Decoded once, and shown again and again.
  const repeated = `${still},loop=loop=-1:size=1,setpts=N/${RATE}/TB,${kind < 4 ? pan(i) : zoom(i)}`;
  return { inputOptions: [], input: photographPath(name), filter: repeated };
}

/** A source of ffmpeg, from a moment of its own. */
function generated(source: string, i: number): Scene {
  const start = (i * 7) % 40;
  const filter = `trim=start=${start},setpts=PTS-STARTPTS`;
  return { inputOptions: ['-f', 'lavfi'], input: source, filter };
}

/** A flight into the edge of the Mandelbrot set, beside the one of the other clips. */
function fractal(i: number): Scene {
  const [x, y] = [-0.75 + 0.02 * share(i, 1), 0.1 + 0.02 * share(i, 2)];
  const source = `mandelbrot=size=${SIZE}:rate=${RATE}:start_scale=${0.2 + share(i, 3)}:start_x=${x}:start_y=${y}:maxiter=500`;
  return { inputOptions: ['-f', 'lavfi'], input: source, filter: 'null' };
}

/** A window that moves on a straight line over a photograph. */
function pan(i: number): string {
  const [left, top] = [share(i, 1), share(i, 2)];
  const [toLeft, toTop] = [share(i, 3), share(i, 4)];
  const along = (from: number, to: number) => `(${from}+(${to - from})*t/${SECONDS})`;
  const x = `(iw-ow)*${along(left, toLeft)}`;
  const y = `(ih-oh)*${along(top, toTop)}`;
  const [width, height] = SIZE.split('x');
  return `crop=${width}:${height}:x='${x}':y='${y}'`;
}

/** A window that grows smaller or larger around a point. */
function zoom(i: number): string {
  const frames = Math.ceil(SECONDS * RATE);
  const progress = i % 2 === 0 ? `on/${frames}` : `(1-on/${frames})`;
  const [x, y] = [share(i, 1), share(i, 2)];
  return `zoompan=z='1.2+1.2*${progress}':x='(iw-iw/zoom)*${x}':y='(ih-ih/zoom)*${y}':d=1:s=${SIZE}:fps=${RATE}`;
}

/** 0..1, spread evenly and without a pattern that is seen (multiples of irrational numbers). */
function share(i: number, which: number): number {
  const value = (i + 1) * Math.sqrt([2, 3, 5, 7, 11][which]);
  return Number((value - Math.floor(value)).toFixed(4));
}

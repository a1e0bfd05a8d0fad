/** A small corpus of moving pictures: photographs panned over and zoomed into, and ffmpeg's own sources. */
import { mkdir } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { CodecLmError } from '../base/error.ts';
import { runFfmpeg } from '../tokenizer/codecs/avc/ffmpeg/ffmpeg.ts';
import { findFfmpeg } from '../tokenizer/codecs/avc/ffmpeg/find.ts';
import { PHOTOGRAPH_NAMES, photographPath } from './photographs.ts';

/** Length in seconds: slightly more than the five seconds that are used. */
const SECONDS = 5.4;
const RATE = 6;
/**
 * Twice the size and the rate of the clips in the demo, so that movement by whole pixels stays
 * whole.
 */
const [WIDTH, HEIGHT] = [128, 96];
const SIZE = `${WIDTH}x${HEIGHT}`;
const LIMITS = { timeoutSeconds: 120, cpuSeconds: 120, memoryMb: 4096 };

/** An input and the filter that moves it. */
interface Scene {
  inputOptions: string[];
  input: string;
  filter: string;
}

/**
 * Writes `count` clips to `folder`, the same ones every time, as many at once as there are cores.
 * @param first number of the first clip: another range is other clips
 * @returns the paths written
 */
export async function writeClips(folder: string, count: number, first = 0): Promise<string[]> {
  await mkdir(folder, { recursive: true });
  const { path: ffmpeg } = await findFfmpeg();
  const written: string[] = [];
  let next = 0;
  const lane = async () => {
    while (next < count) {
      const nth = next++;
      written[nth] = await writeClip(folder, first + nth, ffmpeg);
    }
  };
  await Promise.all(Array.from({ length: availableParallelism() }, lane));
  return written;
}

async function writeClip(folder: string, i: number, ffmpeg: string): Promise<string> {
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
  return outputFile;
}

/** Seven of eight clips are photographs; consecutive numbers move in different ways. */
function sceneOf(i: number): Scene {
  const kind = i % 8;
  if (kind === 7) return i % 16 === 7 ? bars(i) : fractal(i);
  const name = PHOTOGRAPH_NAMES[Math.floor(i / 8) % PHOTOGRAPH_NAMES.length];
  const still = kind < 5 ? 'scale=320:240:force_original_aspect_ratio=increase' : 'scale=640:-2';
  // Decoded once and repeated, with full chroma, so that a window can begin at every pixel.
  const repeated = `${still},format=yuv444p,loop=loop=-1:size=1,setpts=N/${RATE}/TB`;
  const filter = `${repeated},${kind < 5 ? pan(i) : zoom(i)}`;
  return { inputOptions: [], input: photographPath(name), filter };
}

/** Colour bars, panned over as the photographs are. */
function bars(i: number): Scene {
  const inputOptions = ['-f', 'lavfi'];
  const filter = `format=yuv444p,${pan(i)}`;
  return { inputOptions, input: `smptebars=size=320x240:rate=${RATE}`, filter };
}

/** A slow flight into the edge of the Mandelbrot set; another clip gets another place. */
function fractal(i: number): Scene {
  const [x, y] = [-0.75 + 0.02 * share(i, 1), 0.1 + 0.02 * share(i, 2)];
  const place = `start_scale=${0.2 + share(i, 3)}:start_x=${x}:start_y=${y}`;
  const source = `mandelbrot=size=${SIZE}:rate=${RATE}:${place}:end_pts=2000:maxiter=200`;
  return { inputOptions: ['-f', 'lavfi'], input: source, filter: 'null' };
}

/**
 * A window that moves over a photograph on a straight line, by whole pixels. The encoder, with the
 * paper's settings, searches only such movements, so for most blocks it writes only the distance.
 */
function pan(i: number): string {
  const frames = Math.ceil(SECONDS * RATE);
  const at = (room: string, from: number, speed: number) => {
    const way = Math.abs(speed) * frames;
    const start = `floor((${room}-${way})*${from})`;
    return speed < 0 ? `${start}+${way}${speed}*n` : `${start}+${speed}*n`;
  };
  const [across, down] = speedOf(i);
  const x = at('(iw-ow)', share(i, 1), across);
  const y = at('(ih-oh)', share(i, 2), down);
  return `crop=${WIDTH}:${HEIGHT}:x='${x}':y='${y}':exact=1`;
}

/** Directions of a window's movement: across, down, and both at once. */
const DIRECTIONS = [
  [1, 0],
  [-1, 0],
  [0, 1],
  [0, -1],
  [1, 1],
  [-1, 1],
  [1, -1],
  [-1, -1],
];
const FASTEST = 3;

/** Pixels per frame, to the right and down. */
function speedOf(i: number): [across: number, down: number] {
  const [across, down] = DIRECTIONS[Math.floor(DIRECTIONS.length * share(i, 3))];
  const speed = 1 + Math.floor(FASTEST * share(i, 4));
  return [across * speed, down * speed];
}

/** A window that grows smaller or larger around a point. */
function zoom(i: number): string {
  const frames = Math.ceil(SECONDS * RATE);
  const progress = i % 2 === 0 ? `on/${frames}` : `(1-on/${frames})`;
  const [x, y] = [share(i, 1), share(i, 2)];
  return `zoompan=z='1.2+0.6*${progress}':x='(iw-iw/zoom)*${x}':y='(ih-ih/zoom)*${y}':d=1:s=${SIZE}:fps=${RATE}`;
}

/** Numbers in 0..1, spread evenly without a visible pattern (multiples of irrational numbers). */
function share(i: number, which: number): number {
  const value = (i + 1) * Math.sqrt([2, 3, 5, 7, 11][which]);
  return Number((value - Math.floor(value)).toFixed(4));
}

/**
 * Resizes random rasters here and in a live Pillow and counts samples that differ.
 *   node --import=tsx bench/resize/compare.ts [cases = 600] [seed = 1]
 * Needs the Python of bench/peers/setup.sh, or CODEC_LM_PYTHON.
 */
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { type Kernel, resize } from '../../base/resize.ts';
import { BlockReader, peerPython } from '../jpeg/pillow.ts';

const [cases = 600, seed = 1] = process.argv.slice(2).map(Number);
const script = fileURLToPath(new URL('../peers/images/resize.py', import.meta.url));
const child = spawn(peerPython(), [script], { stdio: ['pipe', 'pipe', 'inherit'] });
const reader = new BlockReader(child.stdout);
const version = (await reader.line()).trim();

let state = seed >>> 0;
/** A whole number below `end`: the generator of Numerical Recipes, upper bits. */
function below(end: number): number {
  state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
  return Math.floor((state / 2 ** 32) * end);
}

const KERNELS: readonly Kernel[] = ['bilinear', 'bicubic', 'lanczos'];
const differing = new Map<string, number>();
let samples = 0;
for (let i = 0; i < cases; i++) {
  const channels = i % 2 === 0 ? 3 : 1;
  const kernel = KERNELS[i % 3];
  const from = { width: 1 + below(90), height: 1 + below(90), channels };
  const to = { width: 1 + below(200), height: 1 + below(200) };
  const isFloat = below(2) === 0;
  const count = from.width * from.height * channels;
  const values = Array.from({ length: count }, () => below(256));
  const input = isFloat ? Float32Array.from(values) : Uint8Array.from(values);
  const size = `${from.width} ${from.height} ${channels} ${to.width} ${to.height}`;
  child.stdin.write(`${size} ${kernel} ${isFloat ? 'f4' : 'u1'}\n`);
  child.stdin.write(new Uint8Array(input.buffer));
  const ours = resize(input, from, to, kernel);
  const theirs = await reader.bytes(ours.byteLength);
  const bytes = Buffer.from(ours.buffer);
  const kind = `${kernel} ${isFloat ? 'floats' : 'bytes'}`;
  let missed = 0;
  for (let at = 0; at < bytes.length; at += ours.BYTES_PER_ELEMENT) {
    const end = at + ours.BYTES_PER_ELEMENT;
    if (!bytes.subarray(at, end).equals(theirs.subarray(at, end))) missed++;
  }
  samples += ours.length;
  differing.set(kind, (differing.get(kind) ?? 0) + missed);
}
child.stdin.end();
process.stdout.write(`Pillow ${version}: ${cases} resizes, ${samples} samples; that differ:\n`);
for (const [kind, count] of [...differing].sort()) process.stdout.write(`  ${kind}: ${count}\n`);
if ([...differing.values()].some((count) => count > 0)) process.exitCode = 1;

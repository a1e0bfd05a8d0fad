/**
 * Resizes random rasters of random sizes here and in clean-fid, pytorch-fid and torch-fidelity, and
 * counts samples whose bits differ. `tf` is compared with TensorFlow itself besides, if the native
 * backend is set up.
 *   node --import=tsx bench/evaluation/resize.ts [sizes = 1000] [seed = 1] [largest side = 600] [resizes = all]
 * RESIZES: some of clean, pytorch and tf, with commas.
 */
import { spawn } from 'node:child_process';
import { chooseBackend } from '../../compute/choose.ts';
import { resizeFor } from '../../evaluation/pictures/resize.ts';
import { RESIZES } from '../../schemas/evaluation.ts';
import { BlockReader } from '../jpeg/pillow.ts';
import { evaluationPython, peerScript } from './peer.ts';
import { resizeBilinear } from './tensorflow.ts';

const SIDE = 299;
const [sizes = 1000, seed = 1, largest = 600] = process.argv.slice(2, 5).map(Number);
const wanted = process.argv[5]?.split(',') ?? RESIZES;

let state = seed >>> 0;
/** A whole number below `end`: the generator of Numerical Recipes, upper bits. */
function below(end: number): number {
  state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
  return Math.floor((state / 2 ** 32) * end);
}

const child = spawn(evaluationPython(), [peerScript('resize.py')], {
  stdio: ['pipe', 'pipe', 'inherit'],
});
const reader = new BlockReader(child.stdout);
const versions = (await reader.line()).trim();
process.stdout.write(
  `${versions}: ${sizes} sizes up to ${largest}, to ${SIDE}; samples that differ:\n`,
);
const backend = await chooseBackend();
for (const how of RESIZES.filter((each) => wanted.includes(each))) {
  let differing = 0;
  let furthest = 0;
  let inTensorFlow = 0;
  for (let i = 0; i < sizes; i++) {
    const [width, height] = [1 + below(largest), 1 + below(largest)];
    const data = Uint8Array.from({ length: width * height * 3 }, () => below(256));
    child.stdin.write(`${width} ${height} ${how}\n`);
    child.stdin.write(data);
    const ours = resizeFor({ data, width, height }, SIDE, how).data;
    const bytes = new Uint8Array(await reader.bytes(ours.byteLength));
    const theirs = new Float32Array(bytes.buffer);
    for (let at = 0; at < ours.length; at++) {
      if (ours[at] === theirs[at]) continue;
      differing++;
      furthest = Math.max(furthest, Math.abs(ours[at] - theirs[at]));
    }
    if (how !== 'tf' || !backend.native) continue;
    const byOp = resizeBilinear(backend, { data, width, height }, SIDE);
    for (let at = 0; at < ours.length; at++) if (ours[at] !== byOp[at]) inTensorFlow++;
  }
  const total = sizes * SIDE * SIDE * 3;
  process.stdout.write(`  ${how}: ${differing} of ${total}, at most ${furthest}\n`);
  if (how === 'tf' && backend.native) {
    process.stdout.write(`  tf, beside TensorFlow: ${inTensorFlow} of ${total}\n`);
  }
  if (differing > 0 || inTensorFlow > 0) process.exitCode = 1;
}
child.stdin.end();

/**
 * Codes, pictures and CPU time of a VQ model beside diffusers, on one core each, in turns.
 *
 *     OMP_NUM_THREADS=1 node bin/start.js bench/vq/compare.ts MODEL SIZE PIXELS.rgb
 *
 * PIXELS.rgb: raw RGB of some pictures, as `training/pictures.rgb` of a trained model.
 * bench/peers/setup-baselines.sh makes what it needs of Python; `vq_peer.py make` a model of the paper's size.
 */
import { readFile } from 'node:fs/promises';
import { execa } from 'execa';
import { loadVqModel } from '../../tokenizer/codecs/vq/model.ts';

const PYTHON = 'bench/peers/.venv-baselines/bin/python';
const PEER = 'bench/peers/baselines/vq_peer.py';

interface Answer {
  codes: number[][];
  images: number[][];
  /** CPU seconds without the first picture. */
  encode: number;
  decode: number;
}

const [dir, sizeText, path] = process.argv.slice(2);
const size = Number(sizeText);
const pixels = await readFile(path);
const bytes = 3 * size * size;
const count = pixels.length / bytes;

async function timed<T>(work: () => Promise<T>): Promise<[T, number]> {
  const before = process.cpuUsage();
  const result = await work();
  const { user, system } = process.cpuUsage(before);
  return [result, (user + system) / 1e6];
}

const { stdout } = await execa(PYTHON, [PEER, 'run', dir, String(size), path], {
  env: { OMP_NUM_THREADS: '1' },
});
const peer = JSON.parse(stdout) as Answer;
const model = await loadVqModel(dir);
let [encode, decode, same, worst] = [0, 0, 0, 0];
for (let n = 0; n < count; n++) {
  const picture = pixels.subarray(n * bytes, (n + 1) * bytes);
  const [[codes], encodeSeconds] = await timed(() => model.encode([picture], size, size));
  const side = Math.sqrt(codes.length);
  const [[image], decodeSeconds] = await timed(() =>
    model.decodeFloats([peer.codes[n]], side, side),
  );
  if (n > 0) {
    encode += encodeSeconds;
    decode += decodeSeconds;
  }
  same += codes.filter((code, i) => code === peer.codes[n][i]).length;
  image.forEach((value, i) => {
    worst = Math.max(worst, Math.abs(value - peer.images[n][i]));
  });
}
const timesOf = (all: number) => Number(((1000 * all) / (count - 1)).toFixed(1));
console.log(
  JSON.stringify({
    pictures: count,
    sameCodes: same / peer.codes.flat().length,
    worstPixel: worst,
    ours: { encodeMs: timesOf(encode), decodeMs: timesOf(decode) },
    diffusers: { encodeMs: timesOf(peer.encode), decodeMs: timesOf(peer.decode) },
    speed: Number(((peer.encode + peer.decode) / (encode + decode)).toFixed(2)),
    versions: model.versions,
  }),
);

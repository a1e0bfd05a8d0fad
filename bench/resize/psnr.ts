/**
 * Measures how close resizing here and in sharp comes to Pillow's bilinear and to torchvision's
 * antialiased bilinear: PSNR in dB over photographs, for enlarging, shrinking, and one side of
 * each. Prints the table of docs/jpeg.md. node --import=tsx bench/resize/psnr.ts Needs the Python
 * of bench/peers/setup.sh (Pillow, torch), or CODEC_LM_PYTHON.
 */
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { resize } from '../../base/resize.ts';
import { sharp } from '../../base/sharp.ts';
import { psnr } from '../../test/helpers/images.ts';
import { PHOTOGRAPHS } from '../../test/helpers/photographs.ts';
import { BlockReader, peerPython } from '../jpeg/pillow.ts';

const CASES = [
  { name: 'enlarging', from: [256, 256], to: [299, 299] },
  { name: 'enlarging', from: [200, 200], to: [256, 256] },
  { name: 'enlarging', from: [256, 256], to: [512, 512] },
  { name: 'shrinking', from: [480, 480], to: [256, 256] },
  { name: 'mixed: width up, height down', from: [200, 300], to: [256, 256] },
  { name: 'mixed: width down, height up', from: [300, 200], to: [256, 256] },
] as const;

const script = fileURLToPath(new URL('../peers/images/resize.py', import.meta.url));
const child = spawn(peerPython(), [script], { stdio: ['pipe', 'pipe', 'inherit'] });
const reader = new BlockReader(child.stdout);
const version = (await reader.line()).trim();

interface Size {
  width: number;
  height: number;
}

async function peer(pixels: Uint8Array, from: Size, to: Size, kernel: string): Promise<Buffer> {
  child.stdin.write(`${from.width} ${from.height} 3 ${to.width} ${to.height} ${kernel} u1\n`);
  child.stdin.write(pixels);
  return reader.bytes(to.width * to.height * 3);
}

async function bySharp(pixels: Uint8Array, from: Size, to: Size): Promise<Buffer> {
  return sharp(pixels, { raw: { ...from, channels: 3 } })
    .resize(to.width, to.height, { fit: 'fill', kernel: 'linear' })
    .raw()
    .toBuffer();
}

const files = PHOTOGRAPHS;
console.log(
  `Pillow ${version}, ${files.length} photographs; PSNR of the mean squared error, in dB\n`,
);
console.log(
  '| | sizes | sharp / Pillow | sharp / torchvision | ours / Pillow | ours / torchvision |',
);
console.log('|---|---|---|---|---|---|');
for (const { name, from, to } of CASES) {
  const [source, target] = [from, to].map(([width, height]) => ({ width, height }));
  const sums = [0, 0, 0, 0];
  for (const file of files) {
    const pixels = await sharp(file)
      .resize(source.width, source.height, { fit: 'cover' })
      .removeAlpha()
      .toColourspace('srgb')
      .raw()
      .toBuffer();
    const ours = resize(pixels, { ...source, channels: 3 }, target, 'bilinear');
    const theirs = await bySharp(pixels, source, target);
    const pillow = await peer(pixels, source, target, 'bilinear');
    const torch = await peer(pixels, source, target, 'torch');
    const found = [
      psnr(theirs, pillow),
      psnr(theirs, torch),
      psnr(ours, pillow),
      psnr(ours, torch),
    ];
    for (const [i, value] of found.entries()) sums[i] += 10 ** (-value / 10);
  }
  const cells = sums.map((sum) =>
    sum === 0 ? 'equal' : (-10 * Math.log10(sum / files.length)).toFixed(1),
  );
  console.log(`| ${name} | ${from.join('x')} → ${to.join('x')} | ${cells.join(' | ')} |`);
}
child.stdin.end();

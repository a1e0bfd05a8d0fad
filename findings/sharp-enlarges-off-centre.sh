#!/bin/sh
# sharp 0.35.5 (libvips 8.18.7) enlarges half an output pixel off centre, and by one kernel for four names.
#
# A step between two columns of a symmetric picture lies in the middle after enlarging it twofold
# with any resampler whose pixel centres are at x + 0.5 (Pillow, torchvision, OpenCV). With sharp's
# resize it lies half an output pixel to the right, whatever the kernel, and cubic, mitchell,
# lanczos2 and lanczos3 give equal bytes (linear gives its own). Shrinking is centred and follows
# the kernel.
#
# Makes a temporary folder, installs sharp there with npm, exits 1 when the behaviour has changed.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund sharp@0.35.5
cat >show.mjs <<'JS'
import sharp from 'sharp';

// A ramp that is its own mirror image, if white is black: sample(x) + sample(7 - x) = 255.
const row = Uint8Array.of(0, 0, 0, 60, 195, 255, 255, 255);
const size = { width: 8, height: 8, channels: 1 };
const picture = Buffer.concat(Array.from({ length: 8 }, () => row));
const kernels = ['linear', 'cubic', 'mitchell', 'lanczos2', 'lanczos3'];
const resized = async (side, kernel) =>
  sharp(picture, { raw: size })
    .resize(side, side, { kernel, fit: 'fill' })
    .extractChannel(0)
    .raw()
    .toBuffer();

console.log(`sharp ${sharp.versions.sharp}, libvips ${sharp.versions.vips}`);
const large = await Promise.all(kernels.map((kernel) => resized(16, kernel)));
const small = await Promise.all(kernels.map((kernel) => resized(4, kernel)));
const rowOf = (pixels, side) => [...pixels.subarray(side, 2 * side)];
const tilt = (pixels, side) =>
  Math.max(...rowOf(pixels, side).map((value, x, all) => Math.abs(value + all[side - 1 - x] - 255)));

console.log('8 -> 16, linear:  ', rowOf(large[0], 16).join(' '));
console.log('mirrored, inverted:', rowOf(large[0], 16).reverse().map((v) => 255 - v).join(' '));
console.log(`enlarged: off symmetry by up to ${tilt(large[0], 16)} of 255; shrunk: ${tilt(small[0], 4)}`);
const equal = kernels.filter((_, i) => large[i].equals(large[4]));
const differ = new Set(small.map((pixels) => pixels.toString('hex'))).size;
console.log(`same bytes when enlarging: ${equal.join(', ')}; when shrinking ${differ} of ${kernels.length} results differ`);
const isSeen = tilt(large[0], 16) > 16 && tilt(small[0], 4) <= 2 && equal.length === 4;
console.log(isSeen ? 'as described' : 'CHANGED');
process.exitCode = isSeen ? 0 : 1;
JS
node show.mjs

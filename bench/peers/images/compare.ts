/**
 * Compares the image codec with Pillow on every file of a folder: the pixels before anything is
 * resized (the target is the image itself), upright, RGB. node --import=tsx
 * bench/peers/images/compare.ts [FOLDER] [--json FILE] [--short] Without a folder: the test images
 * of Pillow's own source package, fetched once with pip into bench/peers/.venv. Needs the Python of
 * bench/peers/setup.sh, or CODEC_LM_PYTHON.
 */
import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { CodecLmError } from '../../../base/error.ts';
import { sharpVersions } from '../../../base/sharp.ts';
import { jpegSettingsSchema } from '../../../tokenizer/codecs/jpeg/settings.ts';
import { rgbOf } from '../../../tokenizer/codecs/pictures/source/baseline.ts';
import { BlockReader, peerPython } from '../../jpeg/pillow.ts';
import { type Difference, reasonFor, type Theirs } from './reasons.ts';

const VERSION = '13.0.0';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { json: { type: 'string' }, short: { type: 'boolean', default: false } },
});
const folder = positionals[0] ?? join(pillowSource(), 'Tests/images');
const files = readdirSync(folder, { recursive: true, encoding: 'utf8' })
  .map((name) => join(folder, name))
  .filter((path) => statSync(path).isFile())
  .sort();

const script = fileURLToPath(new URL('pillow.py', import.meta.url));
const child = spawn(peerPython(), [script], { stdio: ['pipe', 'pipe', 'inherit'] });
const reader = new BlockReader(child.stdout);
const { version } = JSON.parse(await reader.line());

const counts = { equal: 0, refused: 0 };
const differences: Difference[] = [];
for (const path of files) {
  child.stdin.write(`${path}\n`);
  const theirs: Theirs = JSON.parse(await reader.line());
  const pixels = theirs.error ? undefined : await reader.bytes(theirs.width * theirs.height * 3);
  const difference = await compare(path, theirs, pixels);
  if (difference === 'equal' || difference === 'refused') counts[difference]++;
  else differences.push(difference);
}
child.stdin.end();
report();

/** @returns `refused` when neither reads it */
async function compare(
  path: string,
  theirs: Theirs,
  pixels: Buffer | undefined,
): Promise<Difference | 'equal' | 'refused'> {
  const file = relative(folder, path);
  const size = pixels ? { width: theirs.width, height: theirs.height } : {};
  let ours: Uint8Array;
  try {
    const settings = jpegSettingsSchema.parse(size);
    ours = await rgbOf(readFileSync(path), file, settings);
  } catch (error) {
    if (!(error instanceof CodecLmError)) throw error;
    if (!pixels) return 'refused';
    const { code, message } = error;
    return { file, kind: 'only Pillow reads it', theirs, code, message };
  }
  if (!pixels) return { file, kind: 'only we read it', theirs };
  if (pixels.equals(ours)) return 'equal';
  return { file, kind: 'pixels', theirs, ...likeness(ours, pixels) };
}

function likeness(ours: Uint8Array, theirs: Uint8Array) {
  if (ours.length !== theirs.length) return { worst: 255, share: 1, psnr: 0 };
  let worst = 0;
  let differing = 0;
  let squares = 0;
  for (let i = 0; i < ours.length; i += 3) {
    let most = 0;
    for (let c = i; c < i + 3; c++) {
      const off = Math.abs(ours[c] - theirs[c]);
      squares += off * off;
      most = Math.max(most, off);
    }
    if (most > 0) differing++;
    worst = Math.max(worst, most);
  }
  const psnr = 10 * Math.log10((255 * 255 * ours.length) / squares);
  return { worst, share: (differing * 3) / ours.length, psnr };
}

function report(): void {
  const groups = new Map<string, Difference[]>();
  for (const difference of differences) {
    const reason = reasonFor(difference);
    groups.set(reason, [...(groups.get(reason) ?? []), difference]);
  }
  const versions = `Pillow ${version}, sharp ${sharpVersions().sharp}, libvips ${sharpVersions().libvips}`;
  print(`${versions}: ${files.length} files`);
  print(`equal: ${counts.equal}; refused by both: ${counts.refused}; other: ${differences.length}`);
  for (const [reason, members] of [...groups].sort((a, b) => b[1].length - a[1].length)) {
    print(`\n${members.length}  ${reason}`);
    if (!values.short) for (const member of members) print(`      ${lineOf(member)}`);
  }
  if (values.json) writeFileSync(values.json, `${JSON.stringify(differences, null, 1)}\n`);
  if (groups.has(reasonFor.unknown)) process.exitCode = 1;
}

function lineOf({ file, kind, theirs, worst, share = 0, psnr = 0, code, message }: Difference) {
  const what = `${file} (${theirs.format ?? '?'} ${theirs.mode ?? ''})`;
  if (kind === 'pixels') {
    return `${what}: by up to ${worst}, ${(share * 100).toFixed(1)} % of pixels, ${psnr.toFixed(1)} dB`;
  }
  return code ? `${what}: ${code} ${message}` : `${what}: ${kind}; Pillow: ${theirs.error}`;
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

/** The unpacked source package. */
function pillowSource(): string {
  const cache = join(dirname(dirname(peerPython())), 'sources');
  const unpacked = join(cache, `pillow-${VERSION}`);
  if (existsSync(unpacked)) return unpacked;
  mkdirSync(cache, { recursive: true });
  const pip = ['-m', 'pip', 'download', '--quiet', '--no-deps', '--no-binary', ':all:'];
  execFileSync(peerPython(), [...pip, '--dest', cache, `pillow==${VERSION}`], { stdio: 'inherit' });
  execFileSync('tar', ['xzf', join(cache, `pillow-${VERSION}.tar.gz`), '-C', cache]);
  return unpacked;
}

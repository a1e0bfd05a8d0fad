/**
 * Two commits, one corpus: are dataset, training run and samples the same, byte for byte?
 *
 *     node bin/start.js bench/same-bytes.ts [BASE=8a4e058] [OTHER=HEAD]
 *
 * Clones both commits, installs them, and runs the same commands in each: `pipeline run images` and
 * `pipeline run videos`, `trainer fit` for 20 steps, 16 samples. Files that differ are told apart:
 * *content* (token pages, documents, weights, losses, samples) must be equal, and the script fails
 * where it is not; files that differ only in what they say of themselves (a new key in the
 * metadata, a hash of another file) are listed.
 */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writeClips } from '../demo/clips.ts';
import { writeCrops } from '../demo/crops.ts';

const STEPS = 20;
const SAMPLES = 16;
const IMAGES = 300;
const CLIPS = 12;
const LAST = `step-${String(STEPS).padStart(8, '0')}`;

const COMMANDS = [
  // Sources are larger than the documents: how pictures are enlarged has changed, on purpose.
  'pipeline run images PICTURES --out images --size 64 --seq-len 512 --partition-size 100 --val-fraction 0.1 --quiet',
  'pipeline run videos CLIPS --out videos --size 64x48 --seq-len 2048 --merges 64 --quiet',
  `trainer fit --preset tiny --data images --out run --set train.steps=${STEPS} --set train.seqLen=256 --set model.layers=2`,
  `trainer sample --checkpoint run --num ${SAMPLES} --to samples --seed 7`,
];

/** Paths of content, each with what of the file counts. */
type Fingerprint = Map<string, string>;

const [base = '8a4e058', other = 'HEAD'] = process.argv.slice(2);
const folder = mkdtempSync(join(tmpdir(), 'same-bytes-'));
try {
  await main();
} finally {
  rmSync(folder, { recursive: true, force: true });
}

async function main(): Promise<void> {
  await writeCrops(join(folder, 'pictures'), IMAGES);
  await writeClips(join(folder, 'clips'), CLIPS);
  const [before, after] = [base, other].map(run);
  const contents = compare(contentOf(before), contentOf(after));
  const files = compare(filesOf(before), filesOf(after));
  for (const path of files.differing) process.stdout.write(`as a file differs: ${path}\n`);
  for (const path of files.added) process.stdout.write(`only in ${other}: ${path}\n`);
  for (const path of contents.differing) process.stdout.write(`CONTENT DIFFERS: ${path}\n`);
  for (const path of contents.missing) process.stdout.write(`MISSING in ${other}: ${path}\n`);
  const isSame = contents.differing.length + contents.missing.length === 0;
  process.stdout.write(
    `${isSame ? 'same' : 'NOT the same'} content in ${contents.same} of ${contents.all} places; ${files.same} of ${files.all} files have equal bytes\n`,
  );
  process.exitCode = isSame ? 0 : 1;
}

/** @returns the folder in which the commit did its work */
function run(commit: string): string {
  const root = process.cwd();
  const name = git(root, 'rev-parse', '--short', commit);
  const checkout = join(folder, `checkout-${name}`);
  const work = join(folder, `work-${name}`);
  git(root, 'clone', '--quiet', root, checkout);
  git(checkout, 'checkout', '--quiet', name);
  const tell = (line: string) => process.stderr.write(`${name}: ${line}\n`);
  const npm = (...args: string[]) => {
    tell(`npm ${args.join(' ')}`);
    execFileSync('npm', args, { cwd: checkout, stdio: ['ignore', 'ignore', 'inherit'] });
  };
  npm('ci', '--no-audit', '--no-fund', '--silent');
  npm('run', '--silent', 'setup');
  execFileSync('mkdir', [work]);
  for (const command of COMMANDS) {
    tell(command);
    const [program, ...args] = command
      .replace('PICTURES', '../pictures')
      .replace('CLIPS', '../clips')
      .split(' ');
    const bin = join(checkout, 'bin', `${program}.js`);
    execFileSync(process.execPath, [bin, ...args], { cwd: work, stdio: 'ignore' });
  }
  return work;
}

/** Bytes of every file, but of times and places: logs, TensorBoard events, plans with absolute paths. */
function filesOf(work: string): Fingerprint {
  const timed =
    /(^|\/)(stats|tensorboard|plan)\/|metrics\.jsonl$|plan\.json$|page\.html$|index\.html$/;
  const paths = (readdirSync(work, { recursive: true, withFileTypes: true }) as never[])
    .map((entry: { parentPath: string; name: string; isFile(): boolean }) => entry)
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(work.length + 1))
    .filter((path) => !timed.test(path));
  return new Map(paths.sort().map((path) => [path, hashOf(readFileSync(join(work, path)))]));
}

function contentOf(work: string): Fingerprint {
  const content: Fingerprint = new Map();
  const json = (path: string) => JSON.parse(readFileSync(join(work, path), 'utf8'));
  const bytes = (path: string) => content.set(path, hashOf(readFileSync(join(work, path))));
  for (const dataset of ['images', 'videos']) {
    const { model } = json(`${dataset}/tokenizer.json`);
    content.set(`${dataset}: merges and vocabulary`, hashOf(JSON.stringify(model)));
    const { shards, totals } = json(`${dataset}/dataset.json`);
    content.set(
      `${dataset}: totals`,
      JSON.stringify([totals.documents, totals.tokens, totals.rows]),
    );
    for (const { file, contentHash } of shards)
      content.set(`${dataset}/${file}: pages`, contentHash);
    for (const name of readdirSync(join(work, dataset, 'documents'))) {
      bytes(`${dataset}/documents/${name}`);
    }
  }
  bytes(`run/checkpoints/${LAST}/model.safetensors`);
  bytes(`run/checkpoints/${LAST}/optimizer.safetensors`);
  const steps = readFileSync(join(work, 'run/metrics.jsonl'), 'utf8').trim().split('\n');
  for (const line of steps) {
    const { split, step, loss, gradNorm } = JSON.parse(line);
    content.set(`run: loss of ${split} at step ${step}`, `${loss} ${gradNorm}`);
  }
  for (const name of readdirSync(join(work, 'samples'))) {
    if (name.endsWith('.jpg')) bytes(`samples/${name}`);
  }
  return content;
}

function compare(before: Fingerprint, after: Fingerprint) {
  const shared = [...before.keys()].filter((key) => after.has(key));
  const differing = shared.filter((key) => before.get(key) !== after.get(key));
  return {
    all: before.size,
    same: shared.length - differing.length,
    differing,
    missing: [...before.keys()].filter((key) => !after.has(key)),
    added: [...after.keys()].filter((key) => !before.has(key)),
  };
}

function hashOf(data: string | Uint8Array): string {
  return createHash('sha256').update(data).digest('hex');
}

function git(cwd: string, ...args: string[]): string {
  return execFileSync('git', args, { cwd, encoding: 'utf8' }).trim();
}

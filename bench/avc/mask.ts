/**
 * The mask of one decoding step, along clips of the video demo and, given a folder of videos,
 * along those at the paper's size. Each clip has the limit of tokens that a sampler would give.
 *   node bin/start.js bench/avc/mask.ts [FOLDER]
 */
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CodecLmError } from '../../base/error.ts';
import { writeClips } from '../../demo/clips.ts';
import { learnMerges } from '../../tokenizer/bpe/learn/learn.ts';
import { ByteBpe } from '../../tokenizer/bpe/tokenizer.ts';
import { createAvcCodec } from '../../tokenizer/codecs/avc/encode.ts';
import { createAvcGrammar } from '../../tokenizer/codecs/avc/grammar.ts';
import { createTokenMask, isInMask } from '../../tokenizer/mask/mask.ts';

const FRAMES = 15;
/** Clips that merges are learned on; the masks are those of others. */
const LEARNED = 24;
const WALKED = 8;

interface Measured {
  name: string;
  width: number;
  height: number;
  merges: number;
  limit: number;
}

async function documentsOf(paths: readonly string[], width: number, height: number) {
  const codec = await createAvcCodec({ width, height, profile: 'reproducible' });
  const documents: Uint8Array[] = [];
  for (const path of paths) {
    try {
      documents.push((await codec.encode(await readFile(path), path)).symbols);
    } catch (error) {
      if (!(error instanceof CodecLmError)) throw error;
      console.log(`left out: ${error.message}`);
    }
  }
  return documents;
}

async function measure(paths: readonly string[], { name, width, height, merges, limit }: Measured) {
  const documents = await documentsOf(paths, width, height);
  const bpe = new ByteBpe(learnMerges(documents.slice(WALKED), merges));
  const mask = createTokenMask(createAvcGrammar({ width, height, frames: FRAMES }), bpe);
  const times: number[] = [];
  const start = process.cpuUsage();
  for (const bytes of documents.slice(0, WALKED)) {
    let state = mask.start();
    for (const [i, id] of bpe.encode(bytes).entries()) {
      const from = performance.now();
      if (!isInMask(mask.allowed(state, { tokens: limit - i }), id)) throw new Error('refused');
      state = mask.advance(state, id)!;
      times.push(1000 * (performance.now() - from));
    }
  }
  const { user, system } = process.cpuUsage(start);
  times.sort((a, b) => a - b);
  const mean = (user + system) / times.length;
  console.log(
    `${name}, ${width}x${height}, ${merges} merges, ${times.length} tokens: median ` +
      `${times[times.length >> 1].toFixed(0)} µs, mean ${mean.toFixed(0)} µs of CPU time`,
  );
}

const [folder] = process.argv.slice(2);
const work = await mkdtemp(join(tmpdir(), 'codec-lm-mask-'));
try {
  const demo = { name: 'clips of the demo', width: 64, height: 48, merges: 64, limit: 4096 };
  await measure(await writeClips(work, WALKED + LEARNED), demo);
  if (folder) {
    const paths = (await readdir(folder)).sort().map((name) => join(folder, name));
    const real = { name: folder, width: 256, height: 144, merges: 1024, limit: 32_768 };
    await measure(paths, real);
  }
} finally {
  await rm(work, { recursive: true });
}

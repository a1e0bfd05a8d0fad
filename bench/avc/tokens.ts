/**
 * Tokens of real clips against their bytes, at the paper's settings and 1,024 merges. Merges
 * are learned on the clips of all videos but one and counted on those of that one, in turn.
 *   node bin/start.js bench/avc/tokens.ts FOLDER
 * FOLDER has videos (of Debian's opencv-doc, say); each is cut into pieces of five seconds.
 */
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ffmpeg } from '../../test/helpers/videos.ts';
import { learnMerges } from '../../tokenizer/bpe/learn/learn.ts';
import { ByteBpe } from '../../tokenizer/bpe/tokenizer.ts';
import { createAvcCodec } from '../../tokenizer/codecs/avc/encode.ts';

const MERGES = 1024;
const GOAL = 0.62;
/** A little more than the five seconds that are taken of each, as whole pictures. */
const PIECE_SECONDS = 5.5;
const SECONDS = 5;
const MOST_PIECES = 40;

/** Documents of one video, one every five seconds of it. */
async function piecesOf(path: string, work: string): Promise<Uint8Array[]> {
  const codec = await createAvcCodec();
  const documents: Uint8Array[] = [];
  for (let i = 0; i < MOST_PIECES; i++) {
    const cut = ['-ss', String(i * SECONDS), '-i', path, '-t', String(PIECE_SECONDS)];
    const piece = join(work, 'piece.mkv');
    try {
      await ffmpeg([...cut, '-an', '-c:v', 'ffv1', piece], work);
      documents.push((await codec.encode(await readFile(piece), path)).symbols);
    } catch {
      // Past the end of the video, or less than fifteen frames are left of it.
      break;
    }
  }
  return documents;
}

const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
const percent = (share: number) => share.toFixed(3);

const [folder] = process.argv.slice(2);
const work = await mkdtemp(join(tmpdir(), 'codec-lm-tokens-'));
try {
  const videos = new Map<string, Uint8Array[]>();
  for (const name of (await readdir(folder)).sort()) {
    const documents = await piecesOf(join(folder, name), work);
    if (documents.length > 0) videos.set(name, documents);
  }
  const totals = { tokens: 0, bytes: 0 };
  for (const [name, held] of videos) {
    const others = [...videos].filter(([other]) => other !== name).flatMap(([, list]) => list);
    const bpe = new ByteBpe(learnMerges(others, MERGES));
    const tokens = sum(held.map((bytes) => bpe.encode(bytes).length));
    const bytes = sum(held.map((document) => document.length));
    totals.tokens += tokens;
    totals.bytes += bytes;
    console.log(
      `${name}: ${held.length} clips of ${Math.round(bytes / held.length)} bytes, ` +
        `${percent(tokens / bytes)} tokens per byte`,
    );
  }
  console.log(
    `all, each by merges of the others: ${percent(totals.tokens / totals.bytes)} tokens per byte (goal ${GOAL})`,
  );
} finally {
  await rm(work, { recursive: true });
}

/**
 * Are our merges, ids and files those of Hugging Face tokenizers, transformers and
 * sentencepiece? Exits with 1 when anything differs. Needs bench/peers/setup.sh.
 *
 * node bin/start.js bench/bpe/compare.ts [IMAGES] [MERGES]
 * node bin/start.js bench/bpe/compare.ts --golden     (makes test/golden/bpe anew)
 */
import { createHash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isDeepStrictEqual } from 'node:util';
import { CodecLmError } from '../../base/error.ts';
import { writeTokenizer } from '../../tokenizer/bpe/files/huggingface.ts';
import { learnMerges, type Merge } from '../../tokenizer/bpe/learn/learn.ts';
import { ByteBpe } from '../../tokenizer/bpe/tokenizer.ts';
import { corpusOf } from './corpus.ts';
import { runPeer, runPeerOf } from './peer.ts';
import { type SentencepieceReport, sameTokens } from './sentencepiece.ts';

const GOLDEN = fileURLToPath(new URL('../../test/golden/bpe', import.meta.url));

interface AutoReport {
  ids: number[][];
  decodesBack: boolean;
  specials: number[];
  size: number;
}

/** Runs, tiny alphabets, restart-like pairs, every byte value: where counting goes wrong. */
function adversarialDocuments(): Uint8Array[] {
  const random = createHash('shake256', { outputLength: 4000 }).update('bpe').digest();
  return [
    new Uint8Array(257).fill(7),
    Uint8Array.from(random.subarray(0, 600), (byte) => byte & 1),
    Uint8Array.from(random.subarray(600, 1200), (byte) => (byte < 200 ? 0 : 255)),
    Uint8Array.from({ length: 600 }, (_, i) => (i % 2 ? 0xd0 + ((i >> 1) & 7) : 0xff)),
    Uint8Array.from(random.subarray(1200, 2400)),
    Uint8Array.from({ length: 512 }, (_, i) => i & 255),
    new Uint8Array(0),
    Uint8Array.of(42),
  ];
}

let failures = 0;
function check(what: string, isSame: boolean): void {
  console.log(`${isSame ? 'same' : 'DIFFERENT'}  ${what}`);
  if (!isSame) failures++;
}

async function compare(name: string, documents: Uint8Array[], count: number): Promise<void> {
  const bpe = new ByteBpe(learnMerges(documents, count));
  const about = `${name}, ${bpe.merges.length} merges`;
  const hf = await runPeer<{ merges: Merge[] }>('hf-learn', documents, count);
  check(`${about}: merges of HF tokenizers`, isDeepStrictEqual(hf.merges, bpe.merges));

  const folder = await mkdtemp(join(tmpdir(), 'codec-lm-compare-'));
  try {
    await writeTokenizer(folder, bpe);
    const file = join(folder, 'tokenizer.json');
    const encoded = await runPeer<{ sha256: string }>('hf-encode', documents, file);
    check(`${about}: ids of HF tokenizers`, encoded.sha256 === hashOfIds(bpe, documents));
    const some = documents.slice(0, 50);
    const auto = await runPeer<Record<'fast' | 'slow', AutoReport>>('auto', some, folder);
    const ids = some.map((document) => [bpe.bosId, ...bpe.encode(document)]);
    for (const kind of ['fast', 'slow'] as const) {
      const report = auto[kind];
      const isSame =
        report.decodesBack &&
        report.size === bpe.vocabSize &&
        isDeepStrictEqual(report.specials, [bpe.bosId, bpe.eosId, bpe.padId]) &&
        isDeepStrictEqual(report.ids, ids);
      check(`${about}: AutoTokenizer (${kind}), ids, specials and bytes back`, isSame);
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Its release 0.2.0 too, where that is installed. */
async function compareSentencepiece(documents: Uint8Array[], count: number): Promise<void> {
  for (const environment of ['pinned', 'sentencepiece 0.2.0'] as const) {
    try {
      const args = [environment, 'spm-learn', documents, count] as const;
      const { tokens, release } = await runPeerOf<SentencepieceReport>(...args);
      const same = sameTokens(documents, tokens);
      const what = `images: ${same} of ${count} merges of sentencepiece ${release}, with its tie rule`;
      check(what, same === count);
    } catch (error) {
      if (environment === 'pinned' || !(error instanceof CodecLmError)) throw error;
      console.log(`skipped  ${error.message} (${error.hint})`);
    }
  }
}

function hashOfIds(bpe: ByteBpe, documents: readonly Uint8Array[]): string {
  const hash = createHash('sha256');
  for (const document of documents) hash.update(bpe.encode(document));
  return hash.digest('hex');
}

const [first = '200', second = '320'] = process.argv.slice(2);
if (first === '--golden') {
  await runPeer('golden', adversarialDocuments(), 120, GOLDEN);
} else {
  const images = await corpusOf(Number(first));
  await compare('adversarial documents', adversarialDocuments(), 120);
  await compare('images', images, Number(second));
  await compareSentencepiece(images, Number(second));
  process.exitCode = failures === 0 ? 0 : 1;
}

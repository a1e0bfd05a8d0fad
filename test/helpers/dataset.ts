/** Small datasets, packed the way of the pipeline, from tokens that a test chooses. */
import { createHash } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  type CodecInfo,
  type Manifest,
  type ShardHeader,
  type Split,
  specialIds,
} from '../../schemas/dataset.ts';
import { PLAN_VERSION, type Plan } from '../../schemas/plan.ts';
import { writeDocumentShard } from '../../shards/dataset/documents.ts';
import { tokenizerHash as tokenizerHashOf, writeManifest } from '../../shards/dataset/manifest.ts';
import type { SequenceRow, ShardSummary } from '../../shards/parquet/rows.ts';
import { writeSequenceShard } from '../../shards/parquet/writer.ts';
import { writeTokenizer } from '../../tokenizer/bpe/files/huggingface.ts';
import { ByteBpe } from '../../tokenizer/bpe/tokenizer.ts';

export const header: ShardHeader = {
  formatVersion: 1,
  codec: { name: 'jpeg', settings: { size: 16, quality: 25 }, versions: { sharp: '0.35.5' } },
  tokenizerHash: 'a'.repeat(64),
  vocabSize: 259,
  seqLen: 16,
  split: 'train',
  partition: 0,
};

/** Documents in a row of tokens: what packing cuts. */
interface Stretch {
  tokens: number[];
  /** Documents by the token they begin (or continue) at. */
  marks: { docId: number; at: number }[];
}

export interface DatasetOptions {
  seqLen?: number;
  vocabSize?: number;
  partitionSize?: number;
  /** In place of that of the tokenizer. */
  tokenizerHash?: string;
  /** Its files are written to the dataset; when not given, one without merges. */
  tokenizer?: ByteBpe;
  /** JPEG when not given. */
  codec?: CodecInfo;
  /** Canonical bytes of each document; its tokens when not given. */
  byteLengths?: number[];
  /** Decides which documents are held out. */
  isVal?: (docId: number) => boolean;
}

/** Where the <bos> of a document went. */
interface Place {
  shard: string;
  row: number;
  offset: number;
}

/**
 * @param documents tokens of each, without <bos> and <eos>; null for an input that failed
 */
export async function makeDataset(
  dir: string,
  documents: (ArrayLike<number> | null)[],
  options: DatasetOptions = {},
): Promise<Manifest> {
  const { seqLen = 16, vocabSize = 259, partitionSize = 4, isVal = () => false } = options;
  await mkdir(join(dir, 'shards'), { recursive: true });
  await mkdir(join(dir, 'documents'), { recursive: true });
  await writeTokenizer(dir, options.tokenizer ?? new ByteBpe([]), { model_max_length: seqLen });
  const written = tokenizerHashOf(await readFile(join(dir, 'tokenizer.json')));
  const tokenizerHash = options.tokenizerHash ?? written;
  const base = {
    ...header,
    codec: options.codec ?? header.codec,
    vocabSize,
    seqLen,
    tokenizerHash,
  };
  const partitions = Math.max(1, Math.ceil(documents.length / partitionSize));
  const shards: ShardSummary[] = [];
  const places = new Map<number, Place>();
  for (const split of ['train', 'val'] as Split[]) {
    const tails: Stretch = { tokens: [], marks: [] };
    const prefix = split === 'train' ? 'part' : 'val';
    const write = async (rows: SequenceRow[], partition: number | null) => {
      if (rows.length === 0) return;
      const name = `${prefix}-${String(partition ?? partitions).padStart(5, '0')}.parquet`;
      const path = join(dir, 'shards', name);
      for (const [row, { docIds, docStarts }] of rows.entries()) {
        for (const [i, docId] of docIds.entries()) {
          if (!places.has(docId)) places.set(docId, { shard: name, row, offset: docStarts[i] });
        }
      }
      shards.push(await writeSequenceShard(path, rows, { ...base, split, partition }));
    };
    for (let partition = 0; partition < partitions; partition++) {
      const all: Stretch = { tokens: [], marks: [] };
      for (let i = 0; i < partitionSize; i++) {
        const docId = partition * partitionSize + i;
        const document = documents[docId];
        if (!document || (split === 'val') !== isVal(docId)) continue;
        const { bosId, eosId } = specialIds(vocabSize);
        all.marks.push({ docId, at: all.tokens.length });
        all.tokens.push(bosId, ...Array.from(document), eosId);
      }
      const full = Math.floor(all.tokens.length / seqLen) * seqLen;
      await write(cut(all, seqLen, 0, full), partition);
      append(tails, all, full);
    }
    const { padId } = specialIds(vocabSize);
    while (tails.tokens.length % seqLen > 0) tails.tokens.push(padId);
    await write(cut(tails, seqLen, 0, tails.tokens.length), null);
  }
  return finish(dir, documents, base, shards, partitions, places, options.byteLengths);
}

function cut(stretch: Stretch, seqLen: number, start: number, end: number): SequenceRow[] {
  const rows: SequenceRow[] = [];
  for (let at = start; at < end; at += seqLen) {
    const marks = marksIn(stretch, at, at + seqLen);
    rows.push({
      ids: Uint16Array.from(stretch.tokens.slice(at, at + seqLen)),
      docIds: Int32Array.from(marks, (mark) => mark.docId),
      docStarts: Int32Array.from(marks, (mark) => mark.at - at),
    });
  }
  return rows;
}

/** The documents of tokens [start, end): one that began before counts from `start`. */
function marksIn({ marks }: Stretch, start: number, end: number): Stretch['marks'] {
  const before = marks.filter((mark) => mark.at <= start).at(-1);
  const inside = marks.filter((mark) => mark.at > start && mark.at < end);
  return before ? [{ docId: before.docId, at: start }, ...inside] : inside;
}

function append(tails: Stretch, all: Stretch, from: number): void {
  if (from === all.tokens.length) return;
  const base = tails.tokens.length - from;
  for (const { docId, at } of marksIn(all, from, all.tokens.length)) {
    tails.marks.push({ docId, at: at + base });
  }
  tails.tokens.push(...all.tokens.slice(from));
}

async function finish(
  dir: string,
  documents: (ArrayLike<number> | null)[],
  base: ShardHeader,
  shards: ShardSummary[],
  partitions: number,
  places: Map<number, Place>,
  byteLengths: number[] | undefined,
): Promise<Manifest> {
  const rows = documents.flatMap((document, docId) =>
    document
      ? [
          {
            docId,
            source: `input-${docId}.png`,
            bytes: byteLengths?.[docId] ?? document.length,
            tokens: document.length + 2,
            width: 16,
            height: 16,
            ...places.get(docId)!,
          },
        ]
      : [],
  );
  const path = join(dir, 'documents', 'part-00000.parquet');
  const listed = await writeDocumentShard(path, rows, { formatVersion: 1, partition: null });
  const total = (key: 'tokens' | 'padding' | 'rows' | 'bytes') =>
    shards.reduce((sum, shard) => sum + shard[key], 0);
  const failures = documents.length - rows.length;
  await writeFailures(dir, documents, partitions);
  const plan = await writePlan(dir, documents.length, base);
  const manifest: Manifest = {
    formatVersion: 1,
    createdBy: 'codec-lm test',
    codec: base.codec,
    tokenizerHash: base.tokenizerHash,
    vocabSize: base.vocabSize,
    seqLen: base.seqLen,
    partitions,
    config: { ...plan.config, inputsHash: plan.inputsHash },
    shards,
    documents: [listed],
    totals: {
      inputs: documents.length,
      documents: rows.length,
      failures,
      failuresByCode: failures > 0 ? { IMAGE_CORRUPT: failures } : {},
      documentBytes: rows.reduce((sum, row) => sum + row.bytes, 0),
      tokens: total('tokens'),
      padding: total('padding'),
      rows: total('rows'),
      shardBytes: total('bytes'),
    },
  };
  await writeManifest(dir, manifest);
  return manifest;
}

/** One list, as the pipeline freezes its inputs. */
async function writePlan(
  dir: string,
  inputs: number,
  { codec, seqLen }: ShardHeader,
): Promise<Plan> {
  const text = Array.from({ length: inputs }, (_, i) => `${i}\tinput-${i}.png\n`).join('');
  const hash = createHash('sha256').update(text).digest('hex');
  const plan: Plan = {
    planVersion: PLAN_VERSION,
    config: {
      codec,
      sources: ['/inputs'],
      merges: 0,
      bpeSamples: 0,
      tokenizer: null,
      seqLen,
      partitionSize: Math.max(1, inputs),
      seed: 0,
      valFraction: 0,
    },
    inputs,
    inputsHash: hash,
    listHashes: [hash],
    listing: { ignored: {}, duplicates: 0, problems: [] },
  };
  await mkdir(join(dir, 'plan'), { recursive: true });
  await writeFile(join(dir, 'plan', 'part-00000.tsv'), text);
  await writeFile(join(dir, 'plan.json'), JSON.stringify(plan));
  return plan;
}

async function writeFailures(
  dir: string,
  documents: (ArrayLike<number> | null)[],
  partitions: number,
): Promise<void> {
  const lines = documents.flatMap((document, input) =>
    document ? [] : [{ input, source: `input-${input}.png`, code: 'IMAGE_CORRUPT', message: 'no' }],
  );
  if (lines.length === 0 || partitions === 0) return;
  await mkdir(join(dir, 'failures'), { recursive: true });
  const text = lines.map((line) => `${JSON.stringify(line)}\n`).join('');
  await writeFile(join(dir, 'failures', 'part-00000.jsonl'), text);
}

/** `count` documents of up to `maxLength` tokens below `limit`, the same for a seed. */
export function someDocuments(count: number, maxLength: number, seed = 1, limit = 256): number[][] {
  let state = seed;
  const next = (bound: number) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * bound);
  };
  return Array.from({ length: count }, () =>
    Array.from({ length: 1 + next(maxLength) }, () => next(limit)),
  );
}

/** Packs the documents of one split of a partition as they arrive, then writes them as files. */

import type { DocumentFileEntry, ShardEntry, ShardHeader, Split } from '../../schemas/dataset.ts';
import type { SplitTail } from '../../schemas/plan.ts';
import { type SequenceRow, writeDocumentShard, writeSequenceShard } from '../../shards/index.ts';
import type { TokenizedDocument } from '../encode/encode.ts';
import { paths } from '../files.ts';
import { nameOf } from '../plan/plan.ts';
import { documentHeader, documentRow, type Extras, type RowOf } from './extras.ts';
import { Packer } from './pack.ts';
import { tailOf } from './tail.ts';

/**
 * The files that one split of a partition has written, and the tokens that are left to be packed
 * later.
 */
export interface WrittenSplit {
  shard: ShardEntry | undefined;
  tail: SplitTail;
  tailTokens: number;
}

export class PackedSplit {
  readonly split: Split;
  readonly #packer: Packer;
  readonly #rows: SequenceRow[] = [];
  readonly #extras: Extras;
  readonly #documents: RowOf<'shard'>[] = [];

  constructor(split: Split, seqLen: number, extras: Extras) {
    this.split = split;
    this.#extras = extras;
    this.#packer = new Packer(seqLen);
  }

  add({ docId, source, length, width, height, tokens, ...document }: TokenizedDocument): void {
    const { place } = this.#packer;
    const { sha256, clipStart, values } = document;
    const size = { bytes: length, tokens: tokens.length, width, height };
    const beside = {
      ...(sha256 ? { sha256 } : {}),
      ...(clipStart === undefined ? {} : { clipStart }),
      ...(values ? { values } : {}),
    };
    this.#documents.push({ docId, source, ...size, ...beside, ...place });
    this.#rows.push(...this.#packer.append(docId, tokens));
  }

  /**
   * Writes the shard, then the documents; an empty file is not written.
   * @param index index of the partition, for file names
   */
  async write(
    out: string,
    index: number,
    header: Omit<ShardHeader, 'split'>,
  ): Promise<WrittenSplit> {
    const name = nameOf(this.split, index);
    const shard =
      this.#rows.length === 0
        ? undefined
        : await writeSequenceShard(paths.shard(out, name), this.#rows, {
            ...header,
            split: this.split,
          });
    const rows = this.#documents.map((row) => ({ ...row, shard: `${name}.parquet` }));
    const inShard = rows.filter(({ row }) => row < this.#rows.length);
    const path = paths.documents(out, name);
    const documents = await writeDocuments(path, inShard, header.partition, this.#extras);
    const rest = this.#packer.rest();
    return {
      shard,
      tail: tailOf(rest, rows.slice(inShard.length), documents),
      tailTokens: rest.ids.length,
    };
  }
}

async function writeDocuments(
  path: string,
  rows: readonly RowOf[],
  partition: number | null,
  extras: Extras,
): Promise<DocumentFileEntry | null> {
  if (rows.length === 0) return null;
  const listed = rows.map((row) => documentRow(row, extras));
  return writeDocumentShard(path, listed, documentHeader(partition, extras));
}

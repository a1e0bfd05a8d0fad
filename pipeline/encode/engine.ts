/**
 * The stream of a run: batches of inputs, several of them encoded at once, packed in order,
 * committed partition by partition. Each stage pulls from the stage before it, so memory holds only
 * the batches in flight and the partitions being packed, whatever the size of the corpus and the
 * speed of the disk.
 */

import type { Lock } from '../../base/lock/lock.ts';
import type { PartitionStats } from '../../schemas/dataset.ts';
import type { Tokenizer } from '../../tokenizer/index.ts';
import type { Extras } from '../pack/extras.ts';
import { type DatasetHeader, PartitionWork } from '../pack/partition.ts';
import { type Partition, type PlannedInput, readList } from '../plan/plan.ts';
import {
  type DocumentBatch,
  type EncodeContext,
  type EncodedDocument,
  encodeBatch,
  type TokenizedDocument,
  tokenizeBatch,
} from './encode.ts';
import { BATCH } from './lanes.ts';
import { drain, inOrder, type Stream, streamOf } from './stream.ts';

/** Partitions written at once: while one is being synced to the disk, the next is packed. */
const COMMITS = 2;

export interface EngineRequest {
  out: string;
  partitions: readonly Partition[];
  context: EncodeContext & { tokenizer: Tokenizer };
  /** Number of batches in flight. */
  lanes: number;
  header: DatasetHeader;
  /** What documents/ has beside the places of documents; default: nothing. */
  extras?: Extras;
  /** Checked before any file of a partition gets its name. */
  lock: Pick<Lock, 'check'>;
  signal: AbortSignal;
  /** Writes a partition; default: into the dataset directory. */
  commit?: (work: PartitionWork) => Promise<PartitionStats>;
  /**
   * Called in the order of the plan; an error that it throws stops the run before the partition is
   * committed.
   */
  onBatch(batch: DocumentBatch<TokenizedDocument>): void;
  onPartition(partition: Partition, stats: PartitionStats): void;
}

/** A part of a partition's inputs, or the result of a stage for it. */
interface Part<T> {
  partition: Partition;
  items: T;
  isLast: boolean;
}

/** @throws the error that stopped the run; partitions committed earlier are kept */
export async function encodePartitions(request: EngineRequest): Promise<void> {
  const { lanes, context } = request;
  const batches = Math.ceil((context.inputs.together ?? 1) / BATCH);
  const committed = streamOf(listed(request))
    .through(inOrder(lanes * batches, (part) => encode(part, request)))
    .map((part) => tokenize(part, request))
    .through(pack(request))
    .through(inOrder(COMMITS, (work) => commit(work, request)));
  await drain(committed, ({ work, stats }) => request.onPartition(work.partition, stats));
}

/** Reads the frozen lists of the partitions, one batch at a time. */
async function* listed({
  out,
  partitions,
  signal,
}: EngineRequest): AsyncGenerator<Part<PlannedInput[]>> {
  for (const partition of partitions) {
    const inputs = await readList(out, partition);
    for (let start = 0; start < inputs.length; start += BATCH) {
      signal.throwIfAborted();
      const isLast = start + BATCH >= inputs.length;
      yield { partition, items: inputs.slice(start, start + BATCH), isLast };
    }
  }
}

async function encode(
  { items, ...part }: Part<PlannedInput[]>,
  { context }: EngineRequest,
): Promise<Part<DocumentBatch<EncodedDocument>>> {
  return { ...part, items: await encodeBatch(items, context) };
}

function tokenize(
  { items, ...part }: Part<DocumentBatch<EncodedDocument>>,
  { context }: EngineRequest,
): Part<DocumentBatch<TokenizedDocument>> {
  return { ...part, items: tokenizeBatch(items, context) };
}

/** Collects the batches of a partition, in order; passes the partition on after the last batch. */
function pack({ header, extras, onBatch }: EngineRequest) {
  let work: PartitionWork | undefined;
  return (parts: Stream<Part<DocumentBatch<TokenizedDocument>>>): Stream<PartitionWork> =>
    parts
      .map(({ partition, items, isLast }) => {
        work ??= new PartitionWork(partition, header.seqLen, extras);
        work.add(items);
        onBatch(items);
        if (!isLast) return [];
        const finished = work;
        work = undefined;
        return [finished];
      })
      .sequence();
}

async function commit(work: PartitionWork, { out, header, lock, commit: sink }: EngineRequest) {
  return { work, stats: await (sink?.(work) ?? work.commit(out, header, lock)) };
}

/**
 * The stream that a run is: batches of inputs, encoded several at once, packed in order,
 * committed partition by partition. Each stage pulls from the one before it, so what is in
 * memory is the batches in flight and the partitions being packed, however large the
 * corpus and however slow the disk.
 */
import type { PartitionStats } from '../schemas/dataset.ts';
import type { ByteBpe } from '../tokenizer/bpe/tokenizer.ts';
import { type EncodeContext, type EncodedBatch, encodeBatch } from './encode.ts';
import { type DatasetHeader, PartitionWork } from './partition.ts';
import { type Partition, type PlannedInput, readList } from './plan.ts';
import { drain, inOrder, type Stream, streamOf } from './stream.ts';

/** Partitions written at once: while one is synced to the disk, the next is being packed. */
const COMMITS = 2;

/** Large enough to make the cost of a step of the stream small, small enough to spread evenly. */
const BATCH = 4;

export interface EngineRequest {
  out: string;
  partitions: readonly Partition[];
  context: EncodeContext & { bpe: ByteBpe };
  /** Batches in flight. */
  lanes: number;
  header: DatasetHeader;
  signal: AbortSignal;
  /** Where partitions go; to the dataset directory when not given. */
  commit?: (work: PartitionWork) => Promise<PartitionStats>;
  /** In the order of the plan; what it throws stops the run before the partition is committed. */
  onBatch(batch: EncodedBatch): void;
  onPartition(partition: Partition, stats: PartitionStats): void;
}

interface Batch<T> {
  partition: Partition;
  items: T;
  isLast: boolean;
}

/** @throws whatever stopped it; partitions committed before that stay */
export async function encodePartitions(request: EngineRequest): Promise<void> {
  const { out, header, onPartition } = request;
  const commit = request.commit ?? ((work) => work.commit(out, header));
  const committed = streamOf(batchesOf(request))
    .through(inOrder(request.lanes, (batch) => encode(batch, request)))
    .through(collect(request))
    .through(inOrder(COMMITS, async (work) => ({ work, stats: await commit(work) })));
  await drain(committed, ({ work, stats }) => onPartition(work.partition, stats));
}

async function* batchesOf({
  out,
  partitions,
  signal,
}: EngineRequest): AsyncGenerator<Batch<PlannedInput[]>> {
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
  { items, ...batch }: Batch<PlannedInput[]>,
  { context }: EngineRequest,
): Promise<Batch<EncodedBatch>> {
  return { ...batch, items: await encodeBatch(items, context) };
}

/** Batches of a partition, in order, become its work; it goes on when the last one is in. */
function collect({ header, onBatch }: EngineRequest) {
  let work: PartitionWork | undefined;
  return (batches: Stream<Batch<EncodedBatch>>): Stream<PartitionWork> =>
    batches
      .map(({ partition, items, isLast }) => {
        work ??= new PartitionWork(partition, header.seqLen);
        work.add(items);
        onBatch(items);
        if (!isLast) return [];
        const finished = work;
        work = undefined;
        return [finished];
      })
      .sequence();
}

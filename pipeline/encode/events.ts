/** Events of finished batches and partitions. */
import type { PartitionStats } from '../../schemas/dataset.ts';
import type { PipelineEvent } from '../events.ts';
import type { DocumentBatch } from './encode.ts';

/** Failures of a batch one by one, then the batch itself. */
export function batchEvents({
  documents,
  failures,
  filtered,
  sourceBytes,
  reused,
}: DocumentBatch<unknown>): PipelineEvent[] {
  const inputs = documents.length + failures.length + filtered.length;
  return [
    ...failures.map((failure) => ({ type: 'failure', ...failure }) as const),
    { type: 'batch', inputs, sourceBytes, reused },
  ];
}

export function partitionEvent(name: string, stats: PartitionStats): PipelineEvent {
  const { inputs, documents, failures, tokens, seconds, shards } = stats;
  const rows = shards.reduce((sum, shard) => sum + shard.rows, 0);
  return {
    type: 'partition',
    name,
    inputs,
    documents,
    failures,
    tokens,
    rows,
    seconds: seconds.total,
  };
}

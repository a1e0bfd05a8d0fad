/** Runs a fixed share of the partitions: all of them, or those of a rank. */
import type { Plan } from '../schemas/plan.ts';
import type { Tokenizer } from '../tokenizer/index.ts';
import type { EncodeContext } from './encode/encode.ts';
import { encodePartitions } from './encode/engine.ts';
import { batchEvents, partitionEvent } from './encode/events.ts';
import { removeLeftovers } from './files.ts';
import { headerOf, tokenizerChanged } from './finish/finalize.ts';
import { extrasOf } from './pack/extras.ts';
import { readTail } from './pack/tail.ts';
import { inputsOf, type Partition } from './plan/plan.ts';
import { shareOf } from './rank.ts';
import type { LockedRequest } from './run-request.ts';
import { addCodes, checkFailureShare, countCodes, VanishedCorpus } from './status/failures.ts';
import { doneNames, readStats } from './status/status.ts';

/** Runs the partitions of this rank that are not done yet. */
export async function runShare(
  request: LockedRequest,
  partitions: readonly Partition[],
  context: EncodeContext & { tokenizer: Tokenizer },
  plan: Plan,
): Promise<void> {
  const { out, ranks, emit, lock } = request;
  const share = shareOf(partitions, ranks);
  const names = await doneNames(out);
  const done = share.filter(({ name }) => names.has(name));
  const todo = share.filter(({ name }) => !names.has(name));
  if (todo.length === 0) return;
  if (done.length > 0) await checkTokenizer(out, done[0].name, context.tokenizer);
  const unfinished = new Set(todo.map(({ name }) => name));
  await lock.check();
  await removeLeftovers(out, (name) => unfinished.has(name));
  if (request.hint) emit({ type: 'advice', message: request.hint });
  const inputs = inputsOf(share);
  emit({
    type: 'begin',
    work: { inputs, partitions: share.length },
    before: { inputs: inputsOf(done), partitions: done.length },
  });
  let failures: Record<string, number> = {};
  for (const { name } of done) {
    failures = addCodes(failures, (await readStats(out, name)).failuresByCode);
  }
  const vanished = new VanishedCorpus();
  await encodePartitions({
    out,
    partitions: todo,
    context,
    lanes: request.lanes,
    // Shards name the encoder that made them, in case a different one was allowed.
    header: headerOf(plan, context.tokenizer, request.config.codec),
    extras: extrasOf(plan),
    lock,
    signal: request.signal,
    onBatch: (batch) => {
      for (const event of batchEvents(batch)) emit(event);
      vanished.check(batch);
      failures = addCodes(failures, countCodes(batch.failures));
    },
    onPartition: (partition, stats) => {
      emit(partitionEvent(partition.name, stats));
      // Once too many inputs have failed, later successes cannot help: do not continue for days.
      if (!request.retryFailed) checkFailureShare(failures, inputs, request.maxFailures, out);
    },
  });
}

/** @throws CodecLmError `DATASET_MISMATCH` when the partition was made with another tokenizer */
async function checkTokenizer(out: string, name: string, { hash }: Tokenizer): Promise<void> {
  const { tokenizerHash } = await readTail(out, name);
  if (tokenizerHash !== hash) throw tokenizerChanged(out, name);
}

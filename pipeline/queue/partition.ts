/** Runs one partition that a queue has given to this worker. */
import type { Plan } from '../../schemas/plan.ts';
import type { Tokenizer } from '../../tokenizer/index.ts';
import type { EncodeContext } from '../encode/encode.ts';
import { encodePartitions } from '../encode/engine.ts';
import { batchEvents, partitionEvent } from '../encode/events.ts';
import { headerOf } from '../finish/finalize.ts';
import { extrasOf } from '../pack/extras.ts';
import type { Partition } from '../plan/plan.ts';
import type { LockedRequest } from '../run-request.ts';
import { VanishedCorpus } from '../status/failures.ts';
import { doneNames } from '../status/status.ts';

export type RunnerRequest = LockedRequest & {
  partitions: readonly Partition[];
  context: EncodeContext & { tokenizer: Tokenizer };
  plan: Plan;
};

export class PartitionRunner {
  readonly #request: RunnerRequest;
  readonly #byName: ReadonlyMap<string, Partition>;
  readonly #vanished = new VanishedCorpus();

  constructor(request: RunnerRequest) {
    this.#request = request;
    this.#byName = new Map(request.partitions.map((partition) => [partition.name, partition]));
  }

  /**
   * @param checkLease throws when another worker may have the partition
   * @throws the error that stopped it; nothing of it is committed then
   */
  async run(name: string, checkLease: () => Promise<void>): Promise<void> {
    const { out, context, lanes, plan, config, lock, signal, emit } = this.#request;
    const partition = this.#byName.get(name);
    // A worker that lost its lease may have finished it after all.
    if (!partition || (await doneNames(out)).has(name)) return;
    const checked = {
      async check() {
        await lock.check();
        await checkLease();
      },
    };
    const header = headerOf(plan, context.tokenizer, config.codec);
    await encodePartitions({
      out,
      partitions: [partition],
      context,
      lanes,
      header,
      extras: extrasOf(plan),
      lock: checked,
      signal,
      commit: (work) => work.commit(out, header, checked, { isShared: true }),
      onBatch: (batch) => {
        for (const event of batchEvents(batch)) emit(event);
        this.#vanished.check(batch);
      },
      onPartition: ({ name: done }, stats) => emit(partitionEvent(done, stats)),
    });
  }
}

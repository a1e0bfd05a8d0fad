import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep, setImmediate as turn } from 'node:timers/promises';
import test, { type ExecutionContext } from 'ava';
import { CodecLmError } from '../../../base/error.ts';
import { encodePartitions } from '../../../pipeline/encode/engine.ts';
import { createInputEncoder } from '../../../pipeline/encode/inputs.ts';
import { BATCH } from '../../../pipeline/encode/lanes.ts';
import { paths } from '../../../pipeline/files.ts';
import type { PartitionWork } from '../../../pipeline/pack/partition.ts';
import { type Partition, partitionsOf } from '../../../pipeline/plan/plan.ts';
import { FORMAT_VERSION, type PartitionStats } from '../../../schemas/dataset.ts';
import { ByteBpe } from '../../../tokenizer/bpe/tokenizer.ts';
import type { Encoder } from '../../../tokenizer/codecs/codec.ts';
import { jpeg } from '../../../tokenizer/codecs/jpeg/index.ts';
import { temporaryFolder } from '../../helpers/temporary.ts';

const SIZE = 20;
const LANES = 3;
/** A batch in each lane; the partitions of two commits, one that waits, one being packed. */
const BOUND = LANES * BATCH + 4 * SIZE;

/** An encoder that counts what it was given. */
function countingEncoder() {
  const counts = { started: 0, running: 0, mostRunning: 0 };
  const encoder: Encoder = {
    settings: {},
    versions: {},
    async encode(source) {
      counts.started++;
      counts.mostRunning = Math.max(counts.mostRunning, ++counts.running);
      await turn();
      counts.running--;
      return { symbols: source, width: 1, height: 1 };
    },
  };
  return { encoder, counts };
}

async function plannedFolder(t: ExecutionContext, inputs: number): Promise<string> {
  const out = await temporaryFolder(t);
  await mkdir(paths.lists(out));
  await writeFile(join(out, 'input'), 'some bytes');
  let docId = 0;
  for (const { name, count } of partitionsOf({ inputs }, SIZE)) {
    const lines = Array.from({ length: count }, () => `${docId++}\t0\tinput\n`);
    await writeFile(paths.list(out, name), lines.join(''));
  }
  return out;
}

function engineOf(t: ExecutionContext, inputs: number) {
  const { encoder, counts } = countingEncoder();
  const committed: Partition[] = [];
  const start = async (commit: (work: PartitionWork) => Promise<PartitionStats>) => {
    const out = await plannedFolder(t, inputs);
    const tokenizer = new ByteBpe([]);
    const encoding = createInputEncoder(encoder, [out], jpeg);
    await encodePartitions({
      out,
      partitions: partitionsOf({ inputs }, SIZE),
      context: { inputs: encoding, bases: [out], valFraction: 0, tokenizer },
      lanes: LANES,
      lock: { check: async () => undefined },
      header: {
        formatVersion: FORMAT_VERSION,
        codec: { name: 'jpeg', settings: {}, versions: {} },
        tokenizerHash: tokenizer.hash,
        vocabSize: tokenizer.vocabSize,
        seqLen: 64,
      },
      signal: new AbortController().signal,
      commit,
      onBatch: () => undefined,
      onPartition: (partition) => committed.push(partition),
    });
  };
  return { start, counts, committed };
}

function statsOf({ partition }: PartitionWork): PartitionStats {
  return {
    formatVersion: FORMAT_VERSION,
    partition: partition.number,
    inputs: partition.count,
    documents: partition.count,
    failures: 0,
    failuresByCode: {},
    sourceBytes: 0,
    documentBytes: 0,
    tokens: 0,
    tailTokens: 0,
    seconds: { read: 0, encode: 0, tokenize: 0, write: 0, total: 0 },
    shards: [],
  };
}

/** Until nothing has been started for a while; on a slow machine the bounds below only get easier. */
async function atRest(counts: { started: number }): Promise<void> {
  for (let before = -1; counts.started !== before; ) {
    before = counts.started;
    await sleep(300);
  }
}

test('a sink that stands still stops the encoders, and memory with them', async (t) => {
  const { start, counts, committed } = engineOf(t, 40 * SIZE);
  let open = () => {};
  const isOpen = new Promise<void>((resolve) => {
    open = resolve;
  });
  let reached = () => {};
  const isReached = new Promise<void>((resolve) => {
    reached = resolve;
  });
  const run = start(async (work) => {
    reached();
    await isOpen;
    return statsOf(work);
  });
  await isReached;
  await atRest(counts);
  t.true(counts.started <= BOUND, `${counts.started} inputs encoded with nothing written`);
  t.is(committed.length, 0);
  open();
  await run;
  t.is(counts.started, 40 * SIZE);
});

test('a slow sink keeps the work in flight bounded to the end, and the order', async (t) => {
  const { start, counts, committed } = engineOf(t, 60 * SIZE);
  let written = 0;
  let most = 0;
  await start(async (work) => {
    for (let i = 0; i < 50; i++) {
      await turn();
      most = Math.max(most, counts.started - written);
    }
    written += work.partition.count;
    return statsOf(work);
  });
  t.true(most <= BOUND, `${most} inputs in flight`);
  t.true(counts.mostRunning <= LANES * BATCH, `${counts.mostRunning} encoders at once`);
  t.deepEqual(
    committed.map(({ number }) => number),
    Array.from({ length: 60 }, (_, i) => i),
  );
});

test('an error of the sink ends the run, and no work continues after it', async (t) => {
  const { start, counts } = engineOf(t, 40 * SIZE);
  const full = new CodecLmError('DISK_FULL', 'no space left');
  const thrown = await t.throwsAsync(
    start(async (work) => {
      if (work.partition.number === 2) throw full;
      return statsOf(work);
    }),
  );
  t.is(thrown, full);
  await atRest(counts);
  t.true(counts.started <= 2 * SIZE + BOUND, `${counts.started} inputs encoded`);
});

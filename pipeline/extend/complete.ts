/** Completes an extension: packs its tails, and writes the manifest with all shards, old and new. */
import type { PlannedColumn } from '../../schemas/columns.ts';
import type { Manifest } from '../../schemas/dataset.ts';
import type { Extension } from '../../schemas/plan.ts';
import { finishRound, publish, totalsOf } from '../finish/finalize.ts';
import { finishedExtensions, partitionsOfExtension } from '../finish/rounds.ts';
import { extrasOf } from '../pack/extras.ts';
import type { DatasetHeader } from '../pack/partition.ts';
import { addCodes, checkFailureShare } from '../status/failures.ts';
import type { Extending } from './request.ts';

/** @throws CodecLmError `TOO_MANY_FAILURES` when more of the new inputs failed than may */
export async function completeExtension(
  { out, plan, manifest, tokenizer, maxFailures, lock }: Extending,
  extension: Extension,
  header: DatasetHeader,
): Promise<Manifest> {
  const partitions = partitionsOfExtension(extension);
  const round = { partitions, tailIndex: extension.tailIndex, extras: extrasOf(plan) };
  const added = await finishRound(out, round, header, tokenizer.padId, lock);
  const shards = [...manifest.shards, ...added.shards];
  const own = totalsOf(extension, added.stats, added.shards);
  checkFailureShare(own.failuresByCode, own.inputs, maxFailures, out);
  const extended: Manifest = {
    ...manifest,
    partitions: manifest.partitions + partitions.length,
    config: { ...manifest.config, extensions: finishedExtensions(manifest.config) + 1 },
    shards,
    documents: [...manifest.documents, ...added.documents],
    ...columnsOfBoth(manifest.columns, extension.columns),
    totals: sumOf(manifest.totals, own),
  };
  await publish(out, extended, lock);
  return extended;
}

function sumOf(a: Manifest['totals'], b: Manifest['totals']): Manifest['totals'] {
  const filtered = addCodes(a.filteredByReason ?? {}, b.filteredByReason ?? {});
  const unread = (a.unread ?? 0) + (b.unread ?? 0);
  return {
    inputs: a.inputs + b.inputs,
    documents: a.documents + b.documents,
    failures: a.failures + b.failures,
    failuresByCode: addCodes(a.failuresByCode, b.failuresByCode),
    ...(a.filteredByReason || b.filteredByReason ? { filteredByReason: filtered } : {}),
    ...(unread > 0 ? { unread } : {}),
    documentBytes: a.documentBytes + b.documentBytes,
    tokens: a.tokens + b.tokens,
    padding: a.padding + b.padding,
    rows: a.rows + b.rows,
    shardBytes: a.shardBytes + b.shardBytes,
  };
}

function columnsOfBoth(
  before: Manifest['columns'],
  added: readonly PlannedColumn[] = [],
): Pick<Manifest, 'columns'> {
  if (!before) return {};
  const columns = before.map((column, i) => ({
    ...column,
    missing: column.missing + (added[i]?.missing ?? 0),
  }));
  return { columns };
}

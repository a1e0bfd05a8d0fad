/** The tables of `shards inspect` as text. */

import {
  formatBar,
  formatBytes,
  formatClips,
  formatCount,
  formatLong,
  formatTable,
} from '../../base/format.ts';
import { clipsIn } from '../../schemas/clips.ts';
import type { PlannedColumn } from '../../schemas/columns.ts';
import type { CodecInfo, Manifest } from '../../schemas/dataset.ts';
import type { DatasetSummary, Histogram, ShardSummaryView } from '../../shards/inspect/inspect.ts';
import type { RowView } from '../../shards/inspect/row.ts';
import type { InspectedDataset, MergeView } from '../../shards/inspect/run.ts';
import { BYTES, unitOf } from '../../tokenizer/alphabet.ts';
import { describeColumn } from '../columns.ts';

/** Most shards that are listed one by one; of more shards, the first and the last are listed. */
const LISTED_SHARDS = 20;
const TOKENS_A_LINE = 8;
const LISTED_TOKENS = 256;

export function printSummary(summary: InspectedDataset | ShardSummaryView): string {
  if (summary.kind === 'shard') return printShard(summary);
  const { topMerges } = summary;
  return sections(printDataset(summary), topMerges.length > 0 ? printMerges(topMerges) : '');
}

function printDataset(summary: DatasetSummary): string {
  const { manifest, path } = summary;
  const { totals } = manifest;
  const filtered = Object.entries(totals.filteredByReason ?? {}).map(([reason, n]) => [
    reason,
    formatCount(n),
  ]);
  const failures = Object.entries(totals.failuresByCode).map(([code, n]) => [code, formatCount(n)]);
  return sections(
    pairs([
      ['dataset', path],
      ['made by', `${manifest.createdBy}, format version ${manifest.formatVersion}`],
      ...codecPairs(manifest.codec),
      [
        'tokenizer',
        `${formatCount(manifest.vocabSize)} ids, sha256 ${manifest.tokenizerHash.slice(0, 16)}…`,
      ],
      ['sequence', `${formatCount(manifest.seqLen)} tokens`],
      ['documents', `${formatCount(totals.documents)} of ${formatCount(totals.inputs)} inputs`],
      ...clipPairs(manifest),
      documentLength(summary),
      ...columnPairs(manifest.columns),
      [
        'on disk',
        `${formatBytes(totals.shardBytes)}, ${ratio(summary.diskBytesPerToken)} bytes per token`,
      ],
    ]),
    formatTable(
      ['split', 'shards', 'rows', 'tokens', 'padding', 'documents', 'size'],
      summary.splits.map((split) => [
        split.split,
        ...[split.shards, split.rows, split.tokens, split.padding, split.documents].map(
          formatCount,
        ),
        formatBytes(split.bytes),
      ]),
    ),
    shardTable(summary),
    filtered.length > 0 ? formatTable(['left out', 'count'], filtered) : '',
    failures.length > 0 ? formatTable(['failed inputs', 'count'], failures) : '',
    summary.documentTokens ? histogram(summary.documentTokens) : '',
  );
}

function documentLength({
  manifest,
  alphabet,
  documentBytesPerToken,
}: DatasetSummary): [string, string] {
  const { documentBytes } = manifest.totals;
  const unit = unitOf(alphabet);
  const length = alphabet === BYTES ? formatBytes(documentBytes) : formatCount(documentBytes);
  return [`document ${unit}s`, `${length}, ${ratio(documentBytesPerToken)} ${unit}s per token`];
}

/** A line for a dataset whose inputs are clips of videos. */
function clipPairs({ config, totals }: Manifest): [string, string][] {
  const clips = clipsIn(config);
  return clips ? [['clips', formatClips(clips, totals.inputs)]] : [];
}

/** A line of columns with their types, and how many documents lack a value. */
function columnPairs(columns: readonly PlannedColumn[] = []): [string, string][] {
  if (columns.length === 0) return [];
  return [['columns', columns.map(describeColumn).join(', ')]];
}

function printShard({ path, bytes, diskBytesPerToken, metadata }: ShardSummaryView): string {
  const { counts } = metadata;
  const partition = metadata.partition === null ? 'tails of all partitions' : metadata.partition;
  return pairs([
    ['shard', path],
    ['split', metadata.split],
    ['partition', String(partition)],
    ...codecPairs(metadata.codec),
    [
      'tokenizer',
      `${formatCount(metadata.vocabSize)} ids, sha256 ${metadata.tokenizerHash.slice(0, 16)}…`,
    ],
    ['sequence', `${formatCount(metadata.seqLen)} tokens`],
    ['rows', `${formatCount(counts.rows)}, ${formatCount(counts.rowGroupRows)} per row group`],
    ['tokens', `${formatCount(counts.tokens)}, and ${formatCount(counts.padding)} of padding`],
    [
      'documents',
      `${formatCount(counts.documents)} begin here, ids ${counts.firstDoc} to ${counts.lastDoc}`,
    ],
    ['on disk', `${formatBytes(bytes)}, ${ratio(diskBytesPerToken)} bytes per token`],
  ]);
}

export function printRow(view: RowView): string {
  const shown = Math.min(LISTED_TOKENS, view.ids.length);
  const hidden = view.ids.length - shown;
  return sections(
    `row ${view.row} of ${view.file}`,
    documentTable(view),
    tokenLines(view, shown).join('\n'),
    hidden > 0 ? `… ${formatCount(hidden)} more tokens; --json gives all` : '',
  );
}

/** The documents of a row; clips with the place that they were taken from. */
function documentTable({ documents }: RowView): string {
  const isClip = documents.some(({ clipStart }) => clipStart !== undefined);
  return formatTable(
    ['document', 'begins at', 'tokens here', ...(isClip ? ['from second', 'of'] : [])],
    documents.map(({ docId, start, tokens, clipStart, source }) => [
      ...[docId, start, tokens].map(String),
      ...(isClip ? [String(clipStart), source ?? ''] : []),
    ]),
  );
}

/**
 * Groups neighbouring tokens with the same reading: index of the first, reading, ids and bytes.
 */
function tokenLines({ ids, bytes, readings, documents }: RowView, shown: number): string[] {
  const starts = new Set(documents.map(({ start }) => start));
  const lines: { start: number; reading: string; tokens: string[] }[] = [];
  for (let i = 0; i < shown; i++) {
    const reading = readings?.[i] ?? '';
    const token = bytes ? `${ids[i]}=${bytes[i]}` : String(ids[i]);
    const line = lines.at(-1);
    const isSame = line?.reading === reading && !starts.has(i);
    if (line && isSame && line.tokens.length < TOKENS_A_LINE) {
      line.tokens.push(token);
    } else {
      lines.push({ start: i, reading, tokens: [token] });
    }
  }
  const width = Math.max(...lines.map(({ reading }) => reading.length));
  return lines.map(({ start, reading, tokens }) =>
    [String(start).padStart(8), ...(width > 0 ? [reading.padEnd(width)] : []), tokens.join('  ')]
      .join('  ')
      .trimEnd(),
  );
}

function printMerges(merges: MergeView[]): string {
  return formatTable(
    ['top merges', 'bytes'],
    merges.map(({ id, bytes }) => [String(id), bytes]),
  );
}

function shardTable({ manifest: { shards } }: DatasetSummary): string {
  const rows = shards.map((shard) => [
    shard.file,
    ...[shard.rows, shard.tokens, shard.documents].map(formatCount),
    formatBytes(shard.bytes),
    ratio(shard.bytes / Math.max(1, shard.tokens + shard.padding)),
  ]);
  const hidden = rows.length - LISTED_SHARDS;
  if (hidden > 0) {
    rows.splice(LISTED_SHARDS - 1, hidden, [`… ${formatCount(hidden)} more`, '', '', '', '', '']);
  }
  return formatTable(['shard', 'rows', 'tokens', 'documents', 'size', 'bytes per token'], rows);
}

function histogram(data: Histogram): string {
  const most = Math.max(...data.bins.map((bin) => bin.count));
  const table = formatTable(
    ['tokens per document', 'documents', ''],
    data.bins.map(({ from, to, count }) => [
      `${formatCount(from)} – ${formatCount(to - 1)}`,
      formatCount(count),
      formatBar(count / most, 30).replaceAll('░', ' '),
    ]),
  );
  const { min, median, p95, max, mean } = data;
  const numbers = Object.entries({ min, median, mean, p95, max })
    .map(([name, value]) => `${name} ${formatCount(value)}`)
    .join(', ');
  return `${table}\n${numbers}; of ${formatCount(data.documents)} documents`;
}

function codecPairs({ name, settings, versions }: CodecInfo): [string, string][] {
  const list = (record: Record<string, unknown>) =>
    Object.entries(record)
      .map(([key, value]) => `${key} ${formatLong(String(value))}`)
      .join(', ') || 'none';
  return [
    ['codec', `${name}: ${list(settings)}`],
    ['encoded by', list(versions)],
  ];
}

function ratio(value: number): string {
  return value.toFixed(3);
}

function pairs(rows: [string, string][]): string {
  const width = Math.max(...rows.map(([name]) => name.length));
  return rows.map(([name, value]) => `${name.padEnd(width)}  ${value}`).join('\n');
}

function sections(...texts: string[]): string {
  return texts.filter(Boolean).join('\n\n');
}

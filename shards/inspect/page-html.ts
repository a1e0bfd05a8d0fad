/** HTML of the page of `shards inspect --html`; it needs no script and no other file. */

import { formatBytes, formatClips, formatCount, formatLong } from '../../base/format.ts';
import { type Html, html, htmlPage, htmlPairs, htmlTable, htmlTiles } from '../../base/html.ts';
import { clipsIn } from '../../schemas/clips.ts';
import type { Manifest } from '../../schemas/dataset.ts';
import { unitOf } from '../../tokenizer/index.ts';
import type { DatasetSummary } from './inspect.ts';
import { frequencyPlot, lengthPlot, type TokenFrequency } from './page-plots.ts';

export interface PagePicture {
  docId: number;
  /** `data:` address of a viewable file; undefined for a document that is not canonical. */
  source?: string;
  caption: string;
}

export interface PageData {
  summary: DatasetSummary;
  pictures: PagePicture[];
  /** Token frequencies, the most frequent first. */
  frequencies: TokenFrequency[];
  /** True when pictures are strips of frames, few of which fit side by side. */
  isOfStrips: boolean;
  /** True when pictures are so small that single pixels are looked at. */
  isTiny?: boolean;
  /** Number of shards whose rows were sampled, and of shards whose files exist here. */
  sampled: number;
  present: number;
}

const LISTED_TOKENS = 24;
/** Most shards that are listed one by one; of more shards, the first and the last are listed. */
const LISTED_SHARDS = 12;

export function renderPage(page: PageData): string {
  const { summary, frequencies } = page;
  const { manifest, documentTokens } = summary;
  const lengthsOf = documentTokens
    ? html`<p>${lengths(documentTokens)}</p>${lengthPlot(documentTokens)}`
    : html`<p>No file of documents/ exists here.</p>`;
  return htmlPage({
    title: summary.path,
    body: html`<h1>${summary.path}</h1>
<p class="lead">A dataset of ${formatCount(manifest.totals.documents)} documents: files of one kind, as the tokens that a model learns from.
The pictures below are decoded from those tokens.</p>
<p>${manifest.createdBy}, format version ${manifest.formatVersion}</p>
${tiles(summary)}
${contactSheet(page)}
<div class="columns"><div><h2>Tokens per document</h2>${lengthsOf}</div>
<div><h2>Token frequency</h2>
<p>Share of each token by its rank, from the most frequent on; both axes are logarithmic. Counted in the rows looked at.</p>
${frequencyPlot(frequencies)}</div></div>
<div class="columns"><div><h2>Splits</h2>${splitTable(summary)}
<h2>Failed inputs</h2>${failureTable(summary)}
<h2>Shards</h2>${shardTable(summary)}</div>
<div><h2>Most frequent tokens</h2>${tokenTable(frequencies)}</div></div>
<h2>Made with</h2>${configuration(summary)}`,
  });
}

function tiles({ manifest, ...summary }: DatasetSummary): Html {
  const { totals } = manifest;
  const unit = unitOf(summary.alphabet);
  const stored = totals.tokens + totals.padding;
  const list: [string, string][] = [
    [formatCount(totals.documents), documentsFrom(manifest)],
    [formatCount(totals.tokens), `tokens, ${percentOf(totals.padding, stored)} padding besides`],
    [formatCount(totals.rows), `sequences of ${formatCount(manifest.seqLen)} tokens`],
    [
      formatBytes(totals.shardBytes),
      `on disk, ${summary.diskBytesPerToken.toFixed(2)} B per token`,
    ],
    [summary.documentBytesPerToken.toFixed(2), `${unit}s of a document per token`],
    [formatCount(manifest.vocabSize), 'ids in the vocabulary'],
  ];
  return htmlTiles(list);
}

function documentsFrom({ config, totals: { inputs } }: Manifest): string {
  const clips = clipsIn(config);
  if (!clips) return `documents from ${formatCount(inputs)} inputs`;
  return `documents, ${formatClips(clips, inputs)}`;
}

function contactSheet({ summary, pictures, sampled, present, ...kind }: PageData): Html {
  const { manifest } = summary;
  const all = manifest.shards.length;
  const missing = present < all ? `; ${formatCount(all - present)} shards are missing` : '';
  const words = `${pictures.length} of ${formatCount(manifest.totals.documents)}, evenly spaced over ${sampled} of ${formatCount(all)} shards${missing}.`;
  const classes = ['sheet', kind.isOfStrips && 'strips', kind.isTiny && 'tiny'].filter(Boolean);
  return html`<h2>Documents</h2><p>${words}</p><div class="${classes.join(' ')}">${pictures.map(figure)}</div>`;
}

function figure({ docId, source, caption }: PagePicture): Html {
  const picture = source && html`<img src="${source}" alt="document ${docId}" loading="lazy">`;
  return html`<figure>${picture}<figcaption><b>${docId}</b>${caption}</figcaption></figure>\n`;
}

function lengths(histogram: NonNullable<DatasetSummary['documentTokens']>): string {
  const { min, median, mean, p95, max, documents } = histogram;
  const numbers = Object.entries({ min, median, mean, p95, max });
  const list = numbers.map(([name, value]) => `${name} ${formatCount(Math.round(value))}`);
  return `${list.join(', ')}; of ${formatCount(documents)} documents.`;
}

function splitTable({ splits }: DatasetSummary): Html {
  return htmlTable(
    ['split', 'shards', 'sequences', 'tokens', 'padding', 'documents', 'size'],
    splits.map(({ split, bytes, ...counts }) => [
      split,
      ...[counts.shards, counts.rows, counts.tokens, counts.padding, counts.documents].map(
        formatCount,
      ),
      formatBytes(bytes),
    ]),
  );
}

function failureTable({ manifest: { totals } }: DatasetSummary): Html {
  const failures = Object.entries(totals.failuresByCode).sort((a, b) => b[1] - a[1]);
  if (failures.length === 0) return html`<p>None.</p>`;
  return htmlTable(
    ['error', 'inputs', 'share'],
    failures.map(([code, count]) => [code, formatCount(count), percentOf(count, totals.inputs)]),
  );
}

function shardTable({ manifest: { shards } }: DatasetSummary): Html {
  const rows = shards.map((shard) => [
    shard.file,
    ...[shard.rows, shard.tokens, shard.documents].map(formatCount),
    (shard.bytes / Math.max(1, shard.tokens + shard.padding)).toFixed(2),
  ]);
  const hidden = rows.length - LISTED_SHARDS;
  if (hidden > 0)
    rows.splice(LISTED_SHARDS - 1, hidden, [`… ${formatCount(hidden)} more`, '', '', '', '']);
  return htmlTable(['file', 'sequences', 'tokens', 'documents', 'bytes per token'], rows);
}

function tokenTable(frequencies: TokenFrequency[]): Html {
  const total = frequencies.reduce((sum, { count }) => sum + count, 0);
  const most = frequencies[0]?.count ?? 1;
  const rows = frequencies.slice(0, LISTED_TOKENS).map(({ id, text, count }) => {
    const width = ((count / most) * 8).toFixed(2);
    const share = `${((count / total) * 100).toFixed(2)} %`;
    return [
      html`<code>${text}</code>`,
      id,
      html`<span class="share" style="width:${width}em"></span>${share}`,
    ];
  });
  return htmlTable(['bytes', 'id', 'share'], rows);
}

function configuration({ manifest: { codec, config, tokenizerHash } }: DatasetSummary): Html {
  const { codec: _, ...options } = config;
  const entries = {
    codec: codec.name,
    ...Object.fromEntries(
      Object.entries(codec.settings).map(([name, value]) => [name, formatLong(String(value))]),
    ),
    ...Object.fromEntries(
      Object.entries(codec.versions).map(([name, v]) => [`${name} version`, v]),
    ),
    ...options,
    'tokenizer sha256': tokenizerHash,
  };
  const textOf = (value: unknown) => (typeof value === 'string' ? value : JSON.stringify(value));
  return htmlPairs(Object.entries(entries).map(([key, value]) => [key, textOf(value)]));
}

function percentOf(part: number, whole: number): string {
  return `${whole === 0 ? 0 : ((part / whole) * 100).toFixed(1)} %`;
}

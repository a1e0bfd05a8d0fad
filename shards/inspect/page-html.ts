/** The page of `shards inspect --html` as text: no script, no file beside it. */
import { formatBytes, formatCount } from '../../base/format.ts';
import { unitOf } from '../../tokenizer/alphabet.ts';
import type { DatasetSummary } from './inspect.ts';
import { frequencyPlot, lengthPlot, type TokenFrequency } from './page-plots.ts';

export interface PagePicture {
  docId: number;
  /** `data:` address of a viewable file, or undefined for a document that is not canonical. */
  source?: string;
  caption: string;
}

export interface PageData {
  summary: DatasetSummary;
  pictures: PagePicture[];
  /** Most frequent first. */
  frequencies: TokenFrequency[];
  /** Pictures are strips of frames, few of which fit side by side. */
  isOfStrips: boolean;
  /** Shards that rows were looked at of, and those whose files are here. */
  sampled: number;
  present: number;
}

const LISTED_TOKENS = 24;
/** Shards that are listed one by one; of more, the first and the last. */
const LISTED_SHARDS = 12;

const STYLE = `
:root { color-scheme: light dark; --ink: #1f2328; --soft: #667; --line: #dcdfe4; --card: #f6f7f9; --page: #fff; --accent: #3b74b8 }
@media (prefers-color-scheme: dark) { :root { --ink: #e2e4e8; --soft: #9aa; --line: #3a3d42; --card: #222428; --page: #17181a; --accent: #79aee8 } }
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 76rem; padding: 0 1.2rem; color: var(--ink); background: var(--page) }
h1 { font-size: 1.45rem; margin: 0 0 .2rem; overflow-wrap: anywhere } h2 { font-size: 1.1rem; margin: 2.4rem 0 .6rem }
p, figcaption, th, dt { color: var(--soft) } p { margin: .2rem 0 .8rem }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(9.5rem, 1fr)); gap: 10px; margin: 1.2rem 0 }
.tile { background: var(--card); border-radius: 8px; padding: .7rem .9rem } .tile b { display: block; font-size: 1.35rem; font-weight: 600 } .tile span { color: var(--soft); font-size: 13px }
.columns { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 30rem), 1fr)); gap: 0 2.5rem; align-items: start }
table { border-collapse: collapse; width: 100%; font-size: 13.5px; font-variant-numeric: tabular-nums }
th, td { text-align: right; padding: .28rem .5rem; border-bottom: 1px solid var(--line) } th { font-weight: 500 }
th:first-child, td:first-child { text-align: left; overflow-wrap: anywhere } code { font: 13px ui-monospace, monospace }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .15rem 1.2rem; font-size: 13.5px; margin: 0 } dd { margin: 0; overflow-wrap: anywhere }
.sheet { display: grid; grid-template-columns: repeat(auto-fill, minmax(112px, 1fr)); gap: 12px 10px }
.strips { grid-template-columns: repeat(auto-fill, minmax(min(100%, 480px), 1fr)) }
figure { margin: 0 } figure img { width: 100%; border-radius: 5px; display: block; background: var(--card) }
figcaption { font-size: 11px; line-height: 1.35; margin-top: 3px; overflow-wrap: anywhere } figcaption b { display: block; color: var(--ink); font-weight: 500 }
svg { width: 100%; height: auto; display: block } svg text { font: 11px system-ui, sans-serif; fill: var(--soft) }
.bar { fill: var(--accent) } .curve { fill: none; stroke: var(--accent); stroke-width: 2 } .grid { stroke: var(--line) }
.share { display: inline-block; height: .6em; background: var(--accent); border-radius: 2px; margin-right: .5em }
`;

export function renderPage(page: PageData): string {
  const { summary, frequencies } = page;
  const { manifest, documentTokens } = summary;
  const parts = [
    `<h1>${escapeHtml(summary.path)}</h1>`,
    `<p>${escapeHtml(`${manifest.createdBy}, format version ${manifest.formatVersion}`)}</p>`,
    tiles(summary),
    contactSheet(page),
    `<div class="columns"><div>`,
    `<h2>Tokens a document</h2>`,
    documentTokens
      ? `<p>${escapeHtml(lengths(documentTokens))}</p>${lengthPlot(documentTokens)}`
      : '<p>None of documents/ is here.</p>',
    `</div><div>`,
    `<h2>Token frequency</h2><p>Share of each token by its rank, both in decades; of the rows looked at.</p>`,
    frequencyPlot(frequencies),
    `</div></div>`,
    `<div class="columns"><div>`,
    `<h2>Splits</h2>${splitTable(summary)}`,
    `<h2>Failed inputs</h2>${failureTable(summary)}`,
    `<h2>Shards</h2>${shardTable(summary)}`,
    `</div><div>`,
    `<h2>Most frequent tokens</h2>${tokenTable(frequencies)}`,
    `</div></div>`,
    `<h2>Made with</h2>${configuration(summary)}`,
  ];
  return [
    '<!doctype html>',
    '<html lang="en"><head><meta charset="utf-8">',
    '<meta name="viewport" content="width=device-width, initial-scale=1">',
    `<title>${escapeHtml(summary.path)}</title><style>${STYLE}</style></head><body>`,
    ...parts,
    '</body></html>\n',
  ].join('\n');
}

function tiles({ manifest, ...summary }: DatasetSummary): string {
  const { totals } = manifest;
  const unit = unitOf(summary.alphabet);
  const stored = totals.tokens + totals.padding;
  const list: [string, string][] = [
    [formatCount(totals.documents), `documents of ${formatCount(totals.inputs)} inputs`],
    [formatCount(totals.tokens), `tokens, ${percentOf(totals.padding, stored)} padding besides`],
    [formatCount(totals.rows), `sequences of ${formatCount(manifest.seqLen)}`],
    [formatBytes(totals.shardBytes), `on disk, ${summary.diskBytesPerToken.toFixed(2)} B a token`],
    [summary.documentBytesPerToken.toFixed(2), `${unit}s of a document per token`],
    [formatCount(manifest.vocabSize), 'ids in the vocabulary'],
  ];
  const cells = list.map(([value, what]) => {
    return `<div class="tile"><b>${escapeHtml(value)}</b><span>${escapeHtml(what)}</span></div>`;
  });
  return `<div class="tiles">${cells.join('')}</div>`;
}

function contactSheet({ summary, pictures, isOfStrips, sampled, present }: PageData): string {
  const { manifest } = summary;
  const all = manifest.shards.length;
  const missing = present < all ? `; ${formatCount(all - present)} shards are not here` : '';
  const words = `${pictures.length} of ${formatCount(manifest.totals.documents)}, evenly spaced over ${sampled} of ${formatCount(all)} shards${missing}.`;
  const kind = isOfStrips ? ' strips' : '';
  return `<h2>Documents</h2><p>${words}</p><div class="sheet${kind}">${pictures.map(figure).join('\n')}</div>`;
}

function figure({ docId, source, caption }: PagePicture): string {
  const picture = source ? `<img src="${source}" alt="document ${docId}" loading="lazy">` : '';
  const words = `<b>${docId}</b>${escapeHtml(caption)}`;
  return `<figure>${picture}<figcaption>${words}</figcaption></figure>`;
}

function lengths(histogram: NonNullable<DatasetSummary['documentTokens']>): string {
  const { min, median, mean, p95, max, documents } = histogram;
  const numbers = Object.entries({ min, median, mean, p95, max });
  const list = numbers.map(([name, value]) => `${name} ${formatCount(Math.round(value))}`);
  return `${list.join(', ')}; of ${formatCount(documents)} documents.`;
}

function splitTable({ splits }: DatasetSummary): string {
  return table(
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

function failureTable({ manifest: { totals } }: DatasetSummary): string {
  const failures = Object.entries(totals.failuresByCode).sort((a, b) => b[1] - a[1]);
  if (failures.length === 0) return '<p>None.</p>';
  return table(
    ['error', 'inputs', 'share'],
    failures.map(([code, count]) => [code, formatCount(count), percentOf(count, totals.inputs)]),
  );
}

function shardTable({ manifest: { shards } }: DatasetSummary): string {
  const rows = shards.map((shard) => [
    shard.file,
    ...[shard.rows, shard.tokens, shard.documents].map(formatCount),
    (shard.bytes / Math.max(1, shard.tokens + shard.padding)).toFixed(2),
  ]);
  const hidden = rows.length - LISTED_SHARDS;
  if (hidden > 0)
    rows.splice(LISTED_SHARDS - 1, hidden, [`… ${formatCount(hidden)} more`, '', '', '', '']);
  return table(['file', 'sequences', 'tokens', 'documents', 'bytes a token'], rows);
}

function tokenTable(frequencies: TokenFrequency[]): string {
  const total = frequencies.reduce((sum, { count }) => sum + count, 0);
  const most = frequencies[0]?.count ?? 1;
  const rows = frequencies.slice(0, LISTED_TOKENS).map(({ id, text, count }) => {
    const bar = `<span class="share" style="width:${((count / most) * 8).toFixed(2)}em"></span>`;
    const share = `${((count / total) * 100).toFixed(2)} %`;
    return `<tr><td><code>${escapeHtml(text)}</code></td><td>${id}</td><td>${bar}${share}</td></tr>`;
  });
  return `<table><tr><th>bytes</th><th>id</th><th>share</th></tr>${rows.join('')}</table>`;
}

function configuration({ manifest: { codec, config, tokenizerHash } }: DatasetSummary): string {
  const { codec: _, ...options } = config;
  const entries = {
    codec: codec.name,
    ...codec.settings,
    ...Object.fromEntries(
      Object.entries(codec.versions).map(([name, v]) => [`${name} version`, v]),
    ),
    ...options,
    'tokenizer sha256': tokenizerHash,
  };
  const items = Object.entries(entries).map(([key, value]) => {
    const text = typeof value === 'string' ? value : JSON.stringify(value);
    return `<dt>${escapeHtml(key)}</dt><dd>${escapeHtml(text)}</dd>`;
  });
  return `<dl>${items.join('')}</dl>`;
}

function table(head: string[], rows: string[][]): string {
  const line = (cells: string[], tag: string) =>
    `<tr>${cells.map((cell) => `<${tag}>${escapeHtml(cell)}</${tag}>`).join('')}</tr>`;
  return `<table>${line(head, 'th')}${rows.map((row) => line(row, 'td')).join('')}</table>`;
}

function percentOf(part: number, whole: number): string {
  return `${whole === 0 ? 0 : ((part / whole) * 100).toFixed(1)} %`;
}

function escapeHtml(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}

/** Part of verify: checks documents: boundaries, codec, index. */
import { CodecLmError, messageOf } from '../../base/error.ts';
import { clipsIn } from '../../schemas/clips.ts';
import type { DocumentRow, Manifest } from '../../schemas/dataset.ts';
import type { Dataset } from '../dataset/dataset.ts';
import { documentRows } from '../dataset/document-rows.ts';
import { joinSegments, type Segment } from '../dataset/segments.ts';
import { checkCompanions } from '../dataset/tokenizer.ts';
import { type DocumentViewer, openViewer } from '../dataset/viewer.ts';
import type { Findings, VerifyOptions } from './findings.ts';
import { checkCoverage } from './plan.ts';

/** @returns the number of documents that were read */
export async function verifyDocuments(
  dataset: Dataset,
  findings: Findings,
  { signal, onEvent }: VerifyOptions,
): Promise<number> {
  const viewer = await findings.collect('tokenizer.json', () => openViewer(dataset));
  if (viewer)
    await findings.collect('tokenizer.json', () => checkCompanions(dataset, viewer.tokenizer));
  const index = indexRows(dataset, findings);
  const seen = new Set<number>();
  let row = await nextRow(index, findings);
  await findings.collect('shards', async () => {
    for await (const parts of dataset.documentParts()) {
      if (signal?.aborted) return;
      const { docId, file } = parts[0];
      seen.add(docId);
      if (seen.size % 256 === 0) {
        const total = dataset.manifest.totals.documents;
        onEvent?.({ type: 'documents', done: seen.size, total });
      }
      for (; row && row.docId < docId; row = await nextRow(index, findings)) {
        findings.add('documents', `document ${row.docId} (${row.source}) is in no shard`);
      }
      const listed = row?.docId === docId ? row : undefined;
      if (!listed) findings.add('documents', `document ${docId} of ${file} is not listed`);
      checkDocument(dataset, parts, listed, viewer, findings);
      if (listed) row = await nextRow(index, findings);
    }
    for (; row; row = await nextRow(index, findings)) {
      findings.add('documents', `document ${row.docId} (${row.source}) is in no shard`);
    }
    await checkCoverage(dataset, seen, findings);
  });
  await index.return(undefined);
  return seen.size;
}

/** Rows of all files in documents/, in ascending order of ids. */
async function* indexRows(dataset: Dataset, findings: Findings): AsyncGenerator<DocumentRow> {
  for await (const [row, ...others] of documentRows(dataset)) {
    if (others.length > 0) findings.add('documents', `document ${row.docId} is listed twice`);
    checkColumns(dataset.manifest, row, findings);
    yield row;
  }
}

/** Checks that a row has the columns of the manifest: other tools read all files as one table. */
function checkColumns(
  { columns = [], config }: Manifest,
  row: DocumentRow,
  findings: Findings,
): void {
  const isClip = clipsIn(config) !== undefined;
  if (isClip !== (row.clipStart !== undefined)) {
    const what = isClip ? 'no clip_start, but is a clip of a video' : 'clip_start, but is no clip';
    findings.add('documents', `document ${row.docId} has ${what}`);
  }
  const wanted = columns.map(({ name }) => name).join(', ');
  const found = Object.keys(row.columns ?? {}).join(', ');
  if (wanted === found) return;
  const message = `document ${row.docId} has the columns ${found || 'none'}`;
  findings.add('documents', `${message}; the manifest says ${wanted || 'none'}`);
}

async function nextRow(
  index: AsyncGenerator<DocumentRow>,
  findings: Findings,
): Promise<DocumentRow | undefined> {
  const next = await findings.collect('documents', () => index.next());
  return next?.done ? undefined : next?.value;
}

function checkDocument(
  { manifest }: Dataset,
  parts: Segment[],
  listed: DocumentRow | undefined,
  viewer: DocumentViewer | undefined,
  findings: Findings,
): void {
  const [first] = parts;
  const where = `document ${first.docId} at row ${first.row}, token ${first.offset}`;
  try {
    const ids = joinSegments(parts, manifest.vocabSize);
    const symbols = viewer?.symbolsOf(ids);
    if (symbols) viewer?.codec.check(symbols);
    if (!listed) return;
    const compared: [string, string | number, string | number][] = [
      ['tokens', ids.length, listed.tokens],
      ['bytes', symbols?.length ?? listed.bytes, listed.bytes],
      ['shard', first.file.slice('shards/'.length), listed.shard],
      ['row', first.row, listed.row],
      ['offset', first.offset, listed.offset],
    ];
    for (const [name, found, stated] of compared) {
      if (found === stated) continue;
      findings.add(first.file, `${where}: ${name} is ${found}; documents/ says ${stated}`);
    }
  } catch (error) {
    if (!(error instanceof CodecLmError)) throw error;
    findings.add(first.file, `${where}: ${messageOf(error)}`);
  }
}

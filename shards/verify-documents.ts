/** The part of verify that looks into documents: boundaries, codec, index, coverage of the plan. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type DocumentRow, failureSchema } from '../schemas/dataset.ts';
import { CodecLmError, messageOf } from '../schemas/error.ts';
import { type DocumentViewer, openViewer } from './codecs.ts';
import type { Dataset } from './dataset.ts';
import { readDocuments } from './documents.ts';
import type { Findings, VerifyOptions } from './findings.ts';
import { chainsOf, mergeByDocument } from './merge.ts';
import { joinSegments, type Segment } from './segments.ts';

/** @returns documents that were read */
export async function verifyDocuments(
  dataset: Dataset,
  findings: Findings,
  { signal, onProgress }: VerifyOptions,
): Promise<number> {
  const viewer = await findings.collect('tokenizer.json', () => openViewer(dataset));
  const index = indexRows(dataset, findings);
  const seen = new Set<number>();
  let row = await nextRow(index, findings);
  await findings.collect('shards', async () => {
    for await (const parts of dataset.documentParts()) {
      if (signal?.aborted) return;
      const { docId, file } = parts[0];
      seen.add(docId);
      if (seen.size % 256 === 0)
        onProgress?.(`documents  ${seen.size}/${dataset.manifest.totals.documents}`);
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

/** Rows of all files of documents/, ascending by id. */
async function* indexRows(
  { dir, manifest }: Dataset,
  findings: Findings,
): AsyncGenerator<DocumentRow> {
  const streams = chainsOf(manifest.documents).map((files) => rowsOf(dir, files));
  for await (const [row, ...others] of mergeByDocument(streams)) {
    if (others.length > 0) findings.add('documents', `document ${row.docId} is listed twice`);
    yield row;
  }
}

async function* rowsOf(dir: string, files: { file: string }[]): AsyncGenerator<DocumentRow> {
  for (const { file } of files) yield* readDocuments(join(dir, file));
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
    const bytes = viewer?.bytesOf(ids);
    if (bytes) viewer?.check(bytes);
    if (!listed) return;
    const compared: [string, string | number, string | number][] = [
      ['tokens', ids.length, listed.tokens],
      ['bytes', bytes?.length ?? listed.bytes, listed.bytes],
      ['shard', first.file.slice('shards/'.length), listed.shard],
      ['row', first.row, listed.row],
      ['offset', first.offset, listed.offset],
    ];
    for (const [name, found, stated] of compared) {
      if (found === stated) continue;
      findings.add(first.file, `${where}: ${name} is ${found}, documents/ says ${stated}`);
    }
  } catch (error) {
    if (!(error instanceof CodecLmError)) throw error;
    findings.add(first.file, `${where}: ${messageOf(error)}`);
  }
}

/** Each input of the plan is a document or a failure; one that failed may have been retried. */
async function checkCoverage(
  { dir, manifest }: Dataset,
  documents: Set<number>,
  findings: Findings,
): Promise<void> {
  const { inputs, failures } = manifest.totals;
  const failed = await readFailures(dir, findings);
  for (const input of documents) failed.delete(input);
  if (failed.size !== failures) {
    const stated = `dataset.json says ${failures}`;
    findings.add('failures', `${failed.size} failed inputs are listed, ${stated}`);
    return;
  }
  for (let input = 0; input < inputs; input++) {
    if (documents.has(input) || failed.has(input)) continue;
    findings.add('plan.json', `input ${input} is neither a document nor a failure`);
    if (findings.truncated) return;
  }
}

async function readFailures(dir: string, findings: Findings): Promise<Set<number>> {
  const failed = new Set<number>();
  const folder = join(dir, 'failures');
  // A dataset without a failed input may have no such folder.
  for (const name of await readdir(folder).catch(() => [])) {
    if (!name.endsWith('.jsonl')) continue;
    const text = await readFile(join(folder, name), 'utf8');
    for (const line of text.split('\n').filter(Boolean)) {
      const failure = parseFailure(line);
      if (failure) failed.add(failure.input);
      else findings.add(`failures/${name}`, `not a failure: ${line.slice(0, 80)}`);
    }
  }
  return failed;
}

function parseFailure(line: string) {
  try {
    return failureSchema.safeParse(JSON.parse(line)).data;
  } catch {
    return undefined;
  }
}

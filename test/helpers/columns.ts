/** Pictures with captions and labels, as tables and archives hold them. */
import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import parquet from 'parquetjs-lite';
import type { ColumnValue } from '../../schemas/columns.ts';
import { openDataset } from '../../shards/index.ts';
import { tar, tarEntry } from './tars.ts';

export interface Labelled {
  /** Relative to the folder of the table. */
  url: string;
  caption: string | null;
  label: number | null;
  score: number | null;
  ok: boolean | null;
}

/** One row for each file, with commas, quotes, newlines and missing values. */
export function labelled(files: readonly string[]): Labelled[] {
  return files.map((url, i) => ({
    url,
    caption: i % 7 === 3 ? null : `picture ${i}, "quoted"\nand a second line`,
    label: i % 5 === 4 ? null : i * 3 - 4,
    score: i % 6 === 5 ? null : i / 4 + 0.5,
    ok: i % 4 === 3 ? null : i % 2 === 0,
  }));
}

export function csvOf(rows: readonly Labelled[], newline = '\n'): string {
  const names = ['url', 'caption', 'label', 'score', 'ok'] as const;
  const cell = (value: ColumnValue) => {
    const text = value === null ? '' : String(value);
    return /[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  };
  const lines = rows.map((row) => names.map((name) => cell(row[name])).join(','));
  return [names.join(','), ...lines, ''].join(newline);
}

export function jsonLinesOf(rows: readonly Labelled[]): string {
  return rows.map((row) => `${JSON.stringify(row)}\n`).join('');
}

/** Written by parquetjs-lite, compressed, in several row groups. */
export async function writeParquet(path: string, rows: readonly Labelled[]): Promise<void> {
  const types = { url: 'UTF8', caption: 'UTF8', label: 'INT64', score: 'DOUBLE', ok: 'BOOLEAN' };
  const fields = Object.entries(types).map(([name, type]) => {
    const field = { type, optional: name !== 'url', compression: 'GZIP' };
    return [name, field] as const;
  });
  const schema = new parquet.ParquetSchema(Object.fromEntries(fields));
  const writer = await parquet.ParquetWriter.openFile(schema, path, { rowGroupSize: 7 });
  for (const row of rows) {
    const there = Object.entries(row).filter(([, value]) => value !== null);
    await writer.appendRow(Object.fromEntries(there));
  }
  await writer.close();
}

/** An archive as webdataset and img2dataset write it, sorted by key. */
export async function wdsOf(folder: string, rows: readonly Labelled[]): Promise<Buffer> {
  const entries: Buffer[] = [];
  for (const [i, { url, caption, label, score }] of rows.entries()) {
    const key = `shard/${String(i).padStart(4, '0')}`;
    const members: [string, string | Uint8Array | null][] = [
      ['cls', label === null ? null : `${label}\n`],
      [url.split('.').at(-1)!, await readFile(join(folder, url))],
      ['json', JSON.stringify({ score, size: { width: 48 }, tags: ['a', i] })],
      ['txt', caption],
    ];
    for (const [extension, content] of members) {
      if (content !== null) entries.push(tarEntry({ name: `${key}.${extension}`, content }));
    }
  }
  return tar(...entries);
}

/** Columns of all documents by the name of their file. */
export async function columnsIn(out: string): Promise<Record<string, Record<string, ColumnValue>>> {
  const { readDocuments } = await import('../../shards/dataset/documents.ts');
  const dataset = await openDataset(out);
  const sources = new Map<number, string>();
  for (const { file } of dataset.manifest.documents) {
    for await (const { docId, source } of readDocuments(join(out, file)))
      sources.set(docId, source);
  }
  const found: [string, Record<string, ColumnValue>][] = [];
  for await (const { docId, columns = {} } of dataset.documents()) {
    found.push([sources.get(docId)!.split('/').at(-1)!, columns]);
  }
  await dataset.close();
  return Object.fromEntries(found.sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** sha256 of each shard. */
export async function shardsOf(out: string): Promise<Record<string, string>> {
  const names = (await readdir(join(out, 'shards'))).sort();
  const hashes = names.map(async (name) => {
    const content = await readFile(join(out, 'shards', name));
    return [name, createHash('sha256').update(content).digest('hex')];
  });
  return Object.fromEntries(await Promise.all(hashes));
}

/** `shards inspect | verify | extract`: parses, calls, prints. */
import { z } from 'zod';
import { CodecLmError } from '../../base/error.ts';
import { command } from '../command.ts';
import type { CliSpec } from '../run.ts';

const DATASET = {
  name: 'dataset',
  description: 'A dataset directory, local or s3://…',
  isPlace: true,
};

const json = z.boolean().default(false).describe('Print one JSON value instead of tables');

const inspect = command({
  name: 'inspect',
  summary: 'Show the content of a dataset directory or of one shard',
  positionals: [
    {
      name: 'path',
      description: 'A dataset directory, or a file of its shards/; local or s3://…',
      isPlace: true,
    },
  ],
  options: z.object({
    json,
    row: z.int().nonnegative().optional().describe('Show the tokens of this row, counted from 0'),
    html: z
      .string()
      .optional()
      .meta({ valueName: 'file' })
      .describe('Write one self-contained page with pictures'),
  }),
  examples: ['shards inspect DS', 'shards inspect DS --row 0', 'shards inspect DS --html ds.html'],
  async run([path], { json, row, html }, io) {
    const { inspect, inspectRow, writeInspectPage } = await import('../../shards/inspect/run.ts');
    const { printRow, printSummary } = await import('./print.ts');
    if (html !== undefined) await writeInspectPage(path, html);
    if (row === undefined) {
      const summary = await inspect(path);
      if (json) io.printJson(summary);
      else io.print(printSummary(summary));
    } else {
      const view = await inspectRow(path, row);
      if (json) io.printJson(view);
      else io.print(printRow(view));
    }
    return 0;
  },
});

const verify = command({
  name: 'verify',
  summary: 'Check every hash, count, id and document of a dataset',
  positionals: [DATASET],
  options: z.object({ json }),
  examples: ['shards verify DS'],
  async run([dir], { json }, io) {
    const { verifyDataset } = await import('../../shards/verify/verify.ts');
    const report = await verifyDataset(dir, {
      signal: io.signal,
      onEvent: ({ type, done, total }) => {
        io.progress.update(`${type}  ${done}/${total}${type === 'hashes' ? ' files' : ''}`);
      },
    });
    io.progress.done();
    if (io.signal.aborted) throw new CodecLmError('INTERRUPTED', 'stopped before the end');
    if (json) io.printJson(report);
    else for (const { file, problem } of report.problems) io.print(`${file}: ${problem}`);
    const { problems, truncated, files, rows, tokens, documents, unread } = report;
    const places = `${unread} ${unread === 1 ? 'place' : 'places'}`;
    const missing = unread
      ? `; inputs are missing: ${places} in the sources could not be read`
      : '';
    const count = `${problems.length}${truncated ? ' or more' : ''} problems`;
    io.log(
      `${files} files, ${rows} rows, ${tokens} tokens, ${documents} documents: ${problems.length === 0 ? 'all good' : count}${missing}`,
    );
    return problems.length === 0 ? 0 : 1;
  },
});

const extract = command({
  name: 'extract',
  summary: 'Write documents back as pictures, or as their canonical bytes',
  positionals: [DATASET],
  options: z.object({
    doc: z.int().nonnegative().optional().describe('Index of the document'),
    all: z.boolean().default(false).describe('Every document'),
    to: z.string().meta({ valueName: 'dir' }).describe('Folder for the files'),
    raw: z.boolean().default(false).describe('Canonical bytes (.bin) instead of viewable files'),
    json,
  }),
  examples: ['shards extract DS --doc 42 --to out', 'shards extract DS --all --raw --to out'],
  async run([dir], { doc, all, to, raw, json }, io) {
    if ((doc !== undefined) === all) {
      throw new CodecLmError('USAGE', 'give either --doc N or --all', {
        hint: 'shards inspect shows how many documents there are',
      });
    }
    const { openDataset } = await import('../../shards/dataset/dataset.ts');
    const { extractDocuments } = await import('../../shards/dataset/extract.ts');
    const dataset = await openDataset(dir);
    const { signal } = io;
    const written = await extractDocuments(dataset, {
      doc,
      to,
      raw,
      signal,
      onEvent: ({ path, done, total }) => {
        if (json) io.printJson({ file: path });
        if (all) io.progress.update(`${done}/${total} documents`);
      },
    });
    io.progress.done();
    await dataset.close();
    if (signal.aborted) throw new CodecLmError('INTERRUPTED', `stopped after ${written} documents`);
    io.log(`${written} documents written to ${to}`);
    return 0;
  },
});

const fetchCommand = command({
  name: 'fetch',
  summary: 'Copy a dataset once, mostly from s3://, and check each file as it arrives',
  positionals: [DATASET],
  options: z.object({
    to: z.string().meta({ valueName: 'dir' }).describe('Folder to copy to; a stopped copy goes on'),
    json,
  }),
  examples: ['shards fetch s3://bucket/DS --to DS'],
  goOn: 'same',
  async run([dir], { to, json }, io) {
    const { fetchDataset } = await import('../../shards/dataset/fetch.ts');
    const { signal } = io;
    const copied = await fetchDataset(dir, {
      to,
      signal,
      onEvent: ({ file, done, total }) => io.progress.update(`${done}/${total} files  ${file}`),
    });
    io.progress.done();
    if (signal.aborted) throw new CodecLmError('INTERRUPTED', `stopped after ${copied} files`);
    if (json) io.printJson({ copied, to });
    io.log(`${copied} files copied to ${to}`);
    return 0;
  },
});

export const spec: CliSpec = {
  name: 'shards',
  summary: 'Packed token shards: inspect, verify, extract, fetch',
  commands: [inspect, verify, extract, fetchCommand],
};

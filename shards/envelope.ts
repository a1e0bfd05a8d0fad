/**
 * Writes a Parquet file around ready-made pages, through parquetjs-lite's
 * ParquetEnvelopeWriter: that has the schema, the row groups, the offset index and
 * the footer; it has no dictionary pages, so their place is put in afterwards.
 */
import parquet, { type ParquetSchema, type ReadyPage } from 'parquetjs-lite';
import thrift from 'parquetjs-lite/gen-nodejs/parquet_types.js';
import type { AtomicFile } from './file.ts';

/** The pages of one column in one row group. */
export interface ColumnPages {
  /** By the column's path, joined with dots. */
  path: string;
  dictionary?: Buffer;
  pages: ReadyPage[];
}

export class EnvelopeWriter {
  private readonly file: AtomicFile;
  private readonly inner;
  /**
   * parquetjs-lite does not await all of its writes, so an error there would be
   * lost (or end the process); it writes into this list, and we to the file.
   */
  private sections: Buffer[] = [];
  private written: Promise<void> = Promise.resolve();

  constructor(file: AtomicFile, schema: ParquetSchema) {
    this.file = file;
    const collect = (section: Buffer) => this.sections.push(section);
    this.inner = new parquet.ParquetEnvelopeWriter(schema, collect, () => {}, 0, {});
    this.inner.writeHeader();
  }

  async writeRowGroup(rowCount: number, columns: ColumnPages[]): Promise<void> {
    // The row group before is written while this one is put together.
    const before = this.written;
    const pages: Record<string, ReadyPage[]> = {};
    for (const { path, dictionary, pages: data } of columns) {
      const first = dictionary && { page: dictionary, num_values: 0, first_row_index: 0 };
      pages[path.replaceAll('.', ',')] = first ? [first, ...data] : data;
    }
    this.inner.writeRowGroup({ rowCount, pages });
    const group = this.inner.rowGroups.at(-1)!;
    for (const [i, { dictionary }] of columns.entries()) {
      const chunk = group.columns[i];
      // The copy of the column's metadata behind its pages was made too early; readers use the footer.
      chunk.file_offset = 0;
      if (!dictionary) continue;
      const meta = chunk.meta_data;
      const start = Number(meta.data_page_offset);
      meta.dictionary_page_offset = start;
      meta.data_page_offset = start + dictionary.length;
      meta.encodings = [thrift.Encoding.RLE, thrift.Encoding.PLAIN_DICTIONARY];
      meta.offsetIndex!.page_locations.shift();
    }
    this.flush();
    await before;
  }

  /** Index and footer; nothing may be written after it. */
  async finish(keyValues: Record<string, string>): Promise<void> {
    this.inner.writeIndex();
    this.inner.writeFooter(keyValues);
    this.flush();
    await this.written;
  }

  private flush(): void {
    const { sections, written } = this;
    this.sections = [];
    this.written = written.then(async () => {
      for (const section of sections) await this.file.write(section);
    });
    // It is thrown where it is awaited next, not as an unhandled rejection before.
    this.written.catch(() => undefined);
  }
}

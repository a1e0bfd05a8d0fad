/** The rows of documents/, of all files of a dataset as one stream. */
import { joinPlace } from '../../base/storage/index.ts';
import type { DocumentFileEntry, DocumentRow, Manifest } from '../../schemas/dataset.ts';
import { readDocuments } from './documents.ts';
import { chainsOf, mergeByDocument } from './merge.ts';

/** Where a dataset lies, and what it lists. */
interface Listed {
  dir: string;
  manifest: Manifest;
}

/** All rows of each document, ascending by id: more than one is a fault. */
export function documentRows({ dir, manifest }: Listed): AsyncGenerator<DocumentRow[]> {
  return mergeByDocument(chainsOf(manifest.documents).map((files) => rowsOf(dir, files)));
}

async function* rowsOf(
  dir: string,
  files: readonly DocumentFileEntry[],
): AsyncGenerator<DocumentRow> {
  for (const { file } of files) yield* readDocuments(joinPlace(dir, file));
}

/** The row of one document; undefined when no file lists it. */
export async function findDocumentRow(
  { dir, manifest }: Listed,
  docId: number,
): Promise<DocumentRow | undefined> {
  for (const { file, firstDoc, lastDoc } of manifest.documents) {
    if (firstDoc === null || lastDoc === null || docId < firstDoc || docId > lastDoc) continue;
    for await (const row of readDocuments(joinPlace(dir, file))) {
      if (row.docId === docId) return row;
    }
  }
  return undefined;
}

/** Id and content hash of every document; the hash is absent where the dataset keeps none. */
export async function* documentHashes(
  dir: string,
  manifest: Manifest,
): AsyncGenerator<Pick<DocumentRow, 'docId' | 'sha256'>> {
  for (const { file } of manifest.documents) yield* readDocuments(joinPlace(dir, file));
}

type ColumnsOnly = Required<Pick<DocumentRow, 'columns'>>;

/** Gives the columns of documents that are asked for in ascending order. */
export class ColumnsOfDocuments {
  readonly #rows: AsyncGenerator<DocumentRow[]>;
  #next: IteratorResult<DocumentRow[]> | undefined;

  constructor(listed: Listed) {
    this.#rows = documentRows(listed);
  }

  async of(docId: number): Promise<ColumnsOnly> {
    this.#next ??= await this.#rows.next();
    while (!this.#next.done && this.#next.value[0].docId < docId) {
      this.#next = await this.#rows.next();
    }
    const row = this.#next.done ? undefined : this.#next.value[0];
    return { columns: (row?.docId === docId ? row.columns : undefined) ?? {} };
  }

  async close(): Promise<void> {
    await this.#rows.return(undefined);
  }
}

/**
 * Sparse members: the archive holds only the parts that are not holes, concatenated, and a map
 * gives the place of each part. Supported are GNU's old form (type S) and its pax forms 0.0, 0.1
 * and 1.0 (GNU tar manual, "Storing Sparse Files").
 */
import { numberField, TAR_BLOCK } from './header.ts';
import { lastOf, numberOf, type PaxRecords, wholeNumber } from './pax.ts';

/** Most parts of a map; more mean damage, because no picture is in so many pieces. */
const MAX_PARTS = 1 << 20;

export interface SparsePart {
  /** Offset in the whole file. */
  offset: number;
  size: number;
}

export interface SparseMap {
  /** Size of the whole file, including holes. */
  size: number;
  parts: SparsePart[];
  /** Size of the map itself, which precedes the content, in bytes. */
  mapBytes: number;
}

/** Reads from the archive at a distance from the beginning of the member's content. */
export type ReadAt = (distance: number, length: number) => Promise<Buffer>;

/** GNU's old form: four parts in the header, more in blocks after it. */
export async function oldSparseMap(header: Buffer, readAt: ReadAt): Promise<SparseMap> {
  const size = numberField(header, 483, 12);
  if (size === undefined) throw new Error('damaged sparse header: no size');
  const parts = partsIn(header, 386, 4);
  let mapBytes = 0;
  for (let isExtended = header[482] !== 0; isExtended; mapBytes += TAR_BLOCK) {
    const block = await readAt(mapBytes, TAR_BLOCK);
    parts.push(...partsIn(block, 0, 21));
    if (parts.length > MAX_PARTS) throw new Error('damaged sparse header: too many parts');
    isExtended = block[504] !== 0;
  }
  return checked({ size, parts, mapBytes });
}

function partsIn(block: Buffer, start: number, count: number): SparsePart[] {
  const parts: SparsePart[] = [];
  for (let at = start; at < start + count * 24; at += 24) {
    const [offset, size] = [numberField(block, at, 12), numberField(block, at + 12, 12)];
    if (offset === undefined || size === undefined) throw new Error('damaged sparse header');
    if (size > 0) parts.push({ offset, size });
  }
  return parts;
}

/** @returns undefined when the records do not describe a sparse file */
export async function paxSparseMap(
  records: PaxRecords,
  readAt: ReadAt,
): Promise<SparseMap | undefined> {
  const map = lastOf(records, 'GNU.sparse.map');
  const size = numberOf(records, 'GNU.sparse.size');
  if (map !== undefined && size !== undefined) {
    const numbers = map === '' ? [] : map.split(',').map((n) => wholeNumber(n, 'GNU.sparse.map'));
    return checked({ size, parts: pairs(numbers), mapBytes: 0 });
  }
  if (size !== undefined) {
    const numbers = records
      .filter(([name]) => name === 'GNU.sparse.offset' || name === 'GNU.sparse.numbytes')
      .map(([name, value]) => wholeNumber(value, name));
    return checked({ size, parts: pairs(numbers), mapBytes: 0 });
  }
  if (lastOf(records, 'GNU.sparse.major') !== '1') return undefined;
  const realSize = numberOf(records, 'GNU.sparse.realsize');
  if (realSize === undefined) throw new Error('damaged sparse header: no size');
  return checked({ size: realSize, ...(await mapInFront(readAt)) });
}

/**
 * Form 1.0: decimal numbers, one per line, the number of parts first, in whole blocks before the
 * content.
 */
async function mapInFront(readAt: ReadAt): Promise<Pick<SparseMap, 'parts' | 'mapBytes'>> {
  const numbers: number[] = [];
  let rest = '';
  let mapBytes = 0;
  while (numbers.length === 0 || numbers.length < 1 + 2 * numbers[0]) {
    if (numbers.length > 2 * MAX_PARTS || rest.length > TAR_BLOCK) {
      throw new Error('damaged sparse map: too many parts');
    }
    const lines = (rest + (await readAt(mapBytes, TAR_BLOCK)).toString('latin1')).split('\n');
    mapBytes += TAR_BLOCK;
    rest = lines.pop()!;
    const missing = (numbers[0] ?? Number(lines[0])) * 2 + 1 - numbers.length;
    for (const line of lines.slice(0, missing)) numbers.push(wholeNumber(line, 'sparse map'));
  }
  return { parts: pairs(numbers.slice(1)), mapBytes };
}

function pairs(numbers: readonly number[]): SparsePart[] {
  if (numbers.length % 2 !== 0) throw new Error('damaged sparse map: a part without a size');
  const parts: SparsePart[] = [];
  for (let i = 0; i < numbers.length; i += 2) {
    if (numbers[i + 1] > 0) parts.push({ offset: numbers[i], size: numbers[i + 1] });
  }
  return parts;
}

/** Checks that parts lie in the file, in order and without overlap. */
function checked(map: SparseMap): SparseMap {
  let end = 0;
  for (const { offset, size } of map.parts) {
    if (offset < end) throw new Error('damaged sparse map: parts overlap');
    end = offset + size;
  }
  if (end > map.size) throw new Error('damaged sparse map: a part ends behind the file');
  return map;
}

/** @returns number of bytes of all parts together */
export function storedBytes({ parts }: SparseMap): number {
  return parts.reduce((sum, { size }) => sum + size, 0);
}

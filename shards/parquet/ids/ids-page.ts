/**
 * A page of token ids: whole rows of `seqLen`, as one bit-packed run of dictionary indices.
 * Everything except the packed bits and the checksum follows from rows, seqLen and width.
 */
import { bitWidth, packBits, packedLength, unpackBits } from '../bits.ts';
import { crc32 } from '../crc32.ts';
import { encodeLevels, writeVarint } from '../levels.ts';
import { readDataPage } from '../pages.ts';
import { HeaderForm, MAX_PAGE_HEADER } from './header-form.ts';

/** Maps packed indices to token ids. */
export interface Dictionary {
  /** Id of each index, ascending. */
  ids: Uint16Array;
  /** True when the ids are 0, 1, 2 …, so that no lookup is needed. */
  isIdentity: boolean;
}

export class IdsPageForm {
  /** Number of ids in the page. */
  readonly count: number;
  readonly #rows: number;
  readonly #seqLen: number;
  readonly #width: number;
  readonly #header: HeaderForm;
  /** The beginning of every body of this form: levels, width, and header of the run. */
  readonly #prefix: Uint8Array;
  readonly #bodyLength: number;

  /** @param entries number of dictionary entries */
  constructor(rows: number, seqLen: number, entries: number) {
    this.#rows = rows;
    this.#seqLen = seqLen;
    this.count = rows * seqLen;
    this.#width = bitWidth(entries);
    const levels = encodeLevels(new Array<number>(rows).fill(seqLen));
    const run = new Uint8Array(6);
    run[0] = this.#width;
    const runLength = writeVarint(Math.ceil(this.count / 8) * 2 + 1, run, 1);
    this.#prefix = Buffer.concat([levels, run.subarray(0, runLength)]);
    this.#bodyLength = this.#prefix.length + packedLength(this.count, this.#width);
    this.#header = new HeaderForm('PLAIN_DICTIONARY', this.count, this.#bodyLength);
  }

  /** Largest size of a page in bytes. */
  get room(): number {
    return MAX_PAGE_HEADER + this.#bodyLength;
  }

  /**
   * @param indices [count]
   * @param target has `room` bytes from `offset` on
   * @returns the page, a view into these bytes
   */
  encode(indices: Uint16Array, target: Buffer, offset: number): Buffer {
    const start = offset + MAX_PAGE_HEADER;
    const end = start + this.#bodyLength;
    target.set(this.#prefix, start);
    packBits(indices, this.#width, target, start + this.#prefix.length);
    return target.subarray(
      this.#header.write(target, start, crc32(target.subarray(start, end))),
      end,
    );
  }

  /**
   * Unpacks a page into `target` from `offset`.
   * @throws RangeError when the page does not have the form that `encode` gives
   */
  decode(
    page: Buffer,
    dictionary: Dictionary,
    target: Uint16Array | Int32Array,
    offset: number,
  ): void {
    const body = this.#bodyOf(page);
    const { count } = this;
    const prefix = this.#prefix;
    const width = this.#width;
    if (body.length !== this.#bodyLength) throw new RangeError('tokens cut short');
    if (body.compare(prefix, 0, prefix.length, 0, prefix.length) !== 0) {
      throw new RangeError(`not ${this.#rows} rows of ${this.#seqLen} indices of ${width} bits`);
    }
    const most = unpackBits(body.subarray(prefix.length), width, target, offset, count);
    if (most >= dictionary.ids.length) {
      throw new RangeError(`index ${most} of a dictionary of ${dictionary.ids.length}`);
    }
    if (!dictionary.isIdentity) lookUp(target, dictionary.ids, offset, offset + count);
  }

  /** Length of a page that begins here; undefined when it is not of this form. */
  lengthOf(bytes: Buffer): number | undefined {
    const found = this.#header.match(bytes);
    return found && found.start + this.#bodyLength;
  }

  /**
   * The body of a page. A header of another form may still be valid, and thrift reports best what
   * is wrong with it.
   */
  #bodyOf(page: Buffer): Buffer {
    const found = this.#header.match(page);
    if (!found) return readDataPage(page, 'PLAIN_DICTIONARY', this.count);
    const body = page.subarray(found.start);
    if (crc32(body) !== found.crc) throw new RangeError('checksum of a page does not match');
    return body;
  }
}

/** The few page forms that occur in a file. */
export class IdsPageForms {
  readonly #seqLen: number;
  readonly #known = new Map<number, IdsPageForm>();

  constructor(seqLen: number) {
    this.#seqLen = seqLen;
  }

  /**
   * Finds the pages of a row group by their headers, which costs less than the offset index.
   * @param bytes the data pages of the group
   * @returns where each page begins, and the end of the last; undefined when one is not of these forms
   */
  placesIn(bytes: Buffer, rows: number, pageRows: number, entries: number): number[] | undefined {
    const places: number[] = [];
    let at = 0;
    for (let row = 0; row < rows; row += pageRows) {
      places.push(at);
      const length = this.of(Math.min(pageRows, rows - row), entries).lengthOf(bytes.subarray(at));
      if (length === undefined) return undefined;
      at += length;
    }
    places.push(at);
    return at === bytes.length ? places : undefined;
  }

  /** @param entries number of dictionary entries */
  of(rows: number, entries: number): IdsPageForm {
    // Both are at most 65,536.
    const key = rows * 2 ** 17 + entries;
    const form = this.#known.get(key) ?? new IdsPageForm(rows, this.#seqLen, entries);
    this.#known.set(key, form);
    return form;
  }
}

/** A separate function, so that V8 compiles it early. */
function lookUp(
  target: Uint16Array | Int32Array,
  ids: Uint16Array,
  start: number,
  end: number,
): void {
  for (let i = start; i < end; i++) target[i] = ids[target[i]];
}

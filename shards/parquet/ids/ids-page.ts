/**
 * A page of token ids: whole rows of `seqLen`, as one bit-packed run of dictionary indices.
 * Everything except the packed bits and the checksum follows from rows, seqLen and width.
 */
import { bitWidth, packBits, packedLength, unpackBits } from '../bits.ts';
import { crc32 } from '../crc32.ts';
import { encodeLevels, writeVarint } from '../levels.ts';
import { readDataPage } from '../pages.ts';
import { HeaderForm, MAX_PAGE_HEADER } from './header-form.ts';

const ENCODING = 'PLAIN_DICTIONARY';

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
  readonly rows: number;
  readonly #seqLen: number;
  readonly #width: number;
  readonly #header: HeaderForm;
  /** The beginning of every body of this form: levels, width, and header of the run. */
  readonly #prefix: Uint8Array;
  readonly #bodyLength: number;

  /** @param entries number of dictionary entries */
  constructor(rows: number, seqLen: number, entries: number) {
    this.rows = rows;
    this.#seqLen = seqLen;
    this.count = rows * seqLen;
    this.#width = bitWidth(entries);
    const levels = encodeLevels(new Array<number>(rows).fill(seqLen));
    const run = new Uint8Array(6);
    run[0] = this.#width;
    const runLength = writeVarint(Math.ceil(this.count / 8) * 2 + 1, run, 1);
    this.#prefix = Buffer.concat([levels, run.subarray(0, runLength)]);
    this.#bodyLength = this.#prefix.length + packedLength(this.count, this.#width);
    this.#header = new HeaderForm(ENCODING, this.count, this.#bodyLength);
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
    const found = this.#header.match(page);
    // A header of another form may still be valid, and its reader says best what is wrong with it.
    const body = found ? page.subarray(found.start) : readDataPage(page, ENCODING, this.count);
    this.decodeBody(body, found?.crc ?? crc32(body), dictionary, target, offset);
  }

  /**
   * The same for the body of a page.
   * @param crc its checksum, as the header says
   */
  decodeBody(
    body: Buffer,
    crc: number,
    dictionary: Dictionary,
    target: Uint16Array | Int32Array,
    offset: number,
  ): void {
    if (crc32(body) !== crc) throw new RangeError('checksum of a page does not match');
    const { count } = this;
    const prefix = this.#prefix;
    const width = this.#width;
    if (body.length !== this.#bodyLength) throw new RangeError('tokens cut short');
    if (body.compare(prefix, 0, prefix.length, 0, prefix.length) !== 0) {
      throw new RangeError(`not ${this.rows} rows of ${this.#seqLen} indices of ${width} bits`);
    }
    const most = unpackBits(body.subarray(prefix.length), width, target, offset, count);
    if (most >= dictionary.ids.length) {
      throw new RangeError(`index ${most} of a dictionary of ${dictionary.ids.length}`);
    }
    if (!dictionary.isIdentity) lookUp(target, dictionary.ids, offset, offset + count);
  }

  /** The page that begins at `at`; undefined when it is not of this form. */
  placeIn(bytes: Buffer, at: number): PagePlace | undefined {
    const found = this.#header.match(bytes.subarray(at));
    if (!found) return undefined;
    const start = at + found.start;
    return { at, start, end: start + this.#bodyLength, crc: found.crc, form: this };
  }
}

/** A page within the bytes of its column. */
export interface PagePlace {
  /** Where its header begins, and where its body begins and ends. */
  at: number;
  start: number;
  end: number;
  crc: number;
  form: IdsPageForm;
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
   * @param bytes a whole column
   * @param start where the data pages begin
   * @returns undefined when one is not of these forms
   */
  placesIn(
    bytes: Buffer,
    start: number,
    rows: number,
    pageRows: number,
    entries: number,
  ): PagePlace[] | undefined {
    const places: PagePlace[] = [];
    let at = start;
    for (let row = 0; row < rows; row += pageRows) {
      const place = this.of(Math.min(pageRows, rows - row), entries).placeIn(bytes, at);
      if (!place) return undefined;
      places.push(place);
      at = place.end;
    }
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

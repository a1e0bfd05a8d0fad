/** Attention of a step in the layers of a region: each thread computes its parts. */
import { headSize, type LlamaConfig } from '../../model/config.ts';
import { averageBytes } from './kernels/average.ts';
import type { EngineKernels } from './kernels/module.ts';
import { CACHE_PAGE } from './kernels/pages.ts';
import { FLOAT, MAX_ROWS, type RegionLayout } from './layout.ts';
import { GROUP, type RowShare, type Run, shareAttention } from './share.ts';

/** Number of Int32 per row in `RegionLayout.rows`. */
export const ROW_CELLS = 4;

export class AttentionThread {
  readonly #config: LlamaConfig;
  readonly #kernels: EngineKernels;
  readonly #layout: RegionLayout;
  readonly #thread: number;
  readonly #floats: Float32Array;
  readonly #words: Uint32Array;
  readonly #rows: Int32Array;
  readonly #size: number;
  /** Bytes per row of queries, keys and values. */
  readonly #stride: number;
  #parts: RowShare[] = [];

  constructor(
    config: LlamaConfig,
    kernels: EngineKernels,
    layout: RegionLayout,
    memory: ArrayBufferLike,
    thread: number,
    stride: number,
  ) {
    this.#config = config;
    this.#kernels = kernels;
    this.#layout = layout;
    this.#thread = thread;
    this.#floats = new Float32Array(memory);
    this.#words = new Uint32Array(memory);
    this.#rows = new Int32Array(memory, layout.rows, MAX_ROWS * ROW_CELLS);
    this.#size = headSize(config);
    this.#stride = stride;
  }

  /** Prepares a step; the result is the same for all its layers. */
  begin(rows: number): void {
    const threads = this.#layout.normed.length;
    this.#parts = shareAttention(this.#runs(rows), this.#config.kvHeads, this.#thread, threads);
  }

  /**
   * Computes averages over groups of pages. After a barrier, `combine` joins them.
   * @param layer index within the region
   */
  run(layer: number): void {
    let turned = -1;
    for (const part of this.#parts) {
      if (part.row !== turned) this.#turnQueries(part);
      turned = part.row;
      this.#writeNew(layer, part);
      this.#attend(layer, part);
    }
  }

  /** Joins the averages of this thread's share of heads. */
  combine(rows: number): void {
    const { heads } = this.#config;
    const { attended, rowWidth } = this.#layout;
    const threads = this.#layout.normed.length;
    const bytes = averageBytes(this.#size);
    const share = (thread: number) => Math.floor((rows * heads * thread) / threads);
    for (let i = share(this.#thread); i < share(this.#thread + 1); i++) {
      const [row, head] = [Math.floor(i / heads), i % heads];
      const groups = groupOf(this.#position(row)) + 1;
      const y = attended + (row * rowWidth + head * this.#size) * FLOAT;
      this.#kernels.combineAverages(this.#average(row, 0, head), heads * bytes, groups, y);
    }
  }

  #runs(rows: number): Run[] {
    const runs: Run[] = [];
    for (let row = 0; row < rows; row++) {
      const goesOn = this.#rows[row * ROW_CELLS + 2] !== 0;
      if (!goesOn) runs.push({ row, rows: 0, length: 0 });
      const run = runs[runs.length - 1];
      run.rows++;
      run.length = this.#position(row) + 1;
    }
    return runs;
  }

  /** Copies and rotates the queries of this part; other threads rotate their own copies. */
  #turnQueries({ row, rows }: RowShare): void {
    const { heads, hiddenSize } = this.#config;
    for (let i = row; i < row + rows; i++) {
      const from = this.#layout.qkv + i * this.#stride;
      this.#copy(from, this.#query(i, 0), hiddenSize);
      this.#turn(this.#query(i, 0), i, heads);
      this.#kernels.roundQueries?.(this.#query(i, 0), heads);
    }
  }

  #turn(x: number, row: number, heads: number): void {
    const at = (row * this.#size * FLOAT) / 2;
    this.#kernels.rope(x, this.#layout.cos + at, this.#layout.sin + at, heads);
  }

  /** Writes keys and values of new positions; only this part reads them. */
  #writeNew(layer: number, { row, rows, group, fromHead, toHead }: RowShare): void {
    const { heads, kvHeads } = this.#config;
    const rowBytes = this.#size * FLOAT;
    for (let i = row; i < row + rows; i++) {
      const position = this.#position(i);
      if (groupOf(position) !== group) continue;
      const page = this.#page(layer, i, Math.floor(position / CACHE_PAGE));
      const keys = this.#layout.qkv + i * this.#stride + heads * rowBytes;
      const values = keys + kvHeads * rowBytes;
      this.#turn(keys + fromHead * rowBytes, i, toHead - fromHead);
      for (let head = fromHead; head < toHead; head++) {
        const to = page + head * this.#layout.headBytes;
        this.#kernels.storeKey(keys + head * rowBytes, to, position % CACHE_PAGE);
        this.#kernels.storeValue(values + head * rowBytes, to, position % CACHE_PAGE);
      }
    }
  }

  /** Goes page by page in memory order; a page in the cache serves all rows and queries. */
  #attend(layer: number, part: RowShare): void {
    const { row, rows, length, group, fromHead, toHead } = part;
    const end = Math.min((group + 1) * GROUP, Math.ceil(length / CACHE_PAGE));
    if (this.#kernels.attendGroup) {
      this.#attendCompiled(layer, part, end);
      return;
    }
    for (let page = group * GROUP; page < end; page++) {
      const address = this.#page(layer, row, page);
      for (let head = fromHead; head < toHead; head++) {
        const own = address + head * this.#layout.headBytes;
        for (let i = row; i < row + rows; i++) this.#attendPage(i, head, page, own);
      }
    }
  }

  /** As the loops of `#attend`. @param end behind the last page of the group */
  #attendCompiled(layer: number, part: RowShare, end: number): void {
    const { row, rows, group, fromHead, toHead } = part;
    const { heads, kvHeads } = this.#config;
    const { pages, layerBytes, headBytes, rowWidth, groups, emptyAverage } = this.#layout;
    this.#kernels.attendGroup!(
      ...([this.#query(row, 0), rowWidth * FLOAT] as const),
      ...([this.#rows[row * ROW_CELLS] >>> 0, pages + layer * layerBytes, headBytes] as const),
      ...([group * GROUP, end, fromHead, toHead, heads / kvHeads, rows] as const),
      ...([this.#position(row), this.#average(row, group, 0)] as const),
      ...([groups * heads * averageBytes(this.#size), emptyAverage] as const),
      ...([this.#size, 1 / Math.sqrt(this.#size)] as const),
    );
  }

  /** @param address of the page's part for that head */
  #attendPage(row: number, kvHead: number, page: number, address: number): void {
    const count = Math.min(CACHE_PAGE, this.#position(row) + 1 - page * CACHE_PAGE);
    if (count <= 0) return;
    const { emptyAverage, scores } = this.#layout;
    const queries = this.#config.heads / this.#config.kvHeads;
    const scale = 1 / Math.sqrt(this.#size);
    const room = scores[this.#thread];
    for (let head = kvHead * queries; head < (kvHead + 1) * queries; head++) {
      const after = this.#average(row, Math.floor(page / GROUP), head);
      const before = page % GROUP === 0 ? emptyAverage : after;
      const q = this.#query(row, head);
      this.#kernels.attendPage(q, address, count, before, after, room, scale);
    }
  }

  #query(row: number, head: number): number {
    const own = this.#layout.normed[this.#thread];
    return own + (row * this.#layout.rowWidth + head * this.#size) * FLOAT;
  }

  #average(row: number, group: number, head: number): number {
    const { averages, groups } = this.#layout;
    const index = (row * groups + group) * this.#config.heads + head;
    return averages + index * averageBytes(this.#size);
  }

  #position(row: number): number {
    return this.#rows[row * ROW_CELLS + 1];
  }

  #page(layer: number, row: number, page: number): number {
    const { pages, layerBytes } = this.#layout;
    const table = this.#rows[row * ROW_CELLS] >>> 0;
    return pages + layer * layerBytes + this.#words[table / 4 + page];
  }

  #copy(from: number, to: number, count: number): void {
    this.#floats.copyWithin(to / FLOAT, from / FLOAT, from / FLOAT + count);
  }
}

function groupOf(position: number): number {
  return Math.floor(position / (GROUP * CACHE_PAGE));
}

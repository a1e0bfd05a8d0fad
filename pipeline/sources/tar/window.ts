/**
 * Reads the headers of an archive that is far away. A request costs as much time as megabytes of
 * content, so a window of bytes is read at once: a large one where several headers lie in it, a small
 * one where the members between them are larger than that.
 */

const LEAST = 16 * 1024;
const FIRST = 256 * 1024;
/** At 100 MB/s, these bytes take about as long as a request of 50 ms. */
const MOST = 4 * 2 ** 20;
const FACTOR = 4;

export class WindowReader {
  readonly #size: number;
  readonly #fetch: (offset: number, length: number) => Promise<Buffer>;
  #window: Buffer = Buffer.alloc(0);
  #start = 0;
  #width = FIRST;
  /** Reads that the current window has answered. */
  #hits = 0;

  /** @param size bytes of the file */
  constructor(size: number, fetch: (offset: number, length: number) => Promise<Buffer>) {
    this.#size = size;
    this.#fetch = fetch;
  }

  /** @returns these bytes, or fewer at the end of the file */
  async read(position: number, length: number): Promise<Buffer> {
    const end = Math.min(this.#size, position + length);
    if (end <= position) return Buffer.alloc(0);
    const isInside = position >= this.#start && end <= this.#start + this.#window.length;
    if (!isInside) await this.#move(position, end);
    this.#hits++;
    return this.#window.subarray(position - this.#start, end - this.#start);
  }

  async #move(position: number, end: number): Promise<void> {
    if (this.#window.length > 0) {
      const width = this.#hits > 1 ? this.#width * FACTOR : this.#width / FACTOR;
      this.#width = Math.min(MOST, Math.max(LEAST, width));
    }
    const length = Math.min(this.#size - position, Math.max(end - position, this.#width));
    this.#window = await this.#fetch(position, length);
    this.#start = position;
    this.#hits = 0;
  }
}

/** A progress line on stderr: redrawn in a terminal, printed at intervals elsewhere. */

const REDRAW_MS = 100;
const PLAIN_LINE_MS = 10_000;

export interface Progress {
  /**
   * Shows a new state of the work, e.g. `412/900 images  310 images/s  ETA 2 s`.
   * @param line the line, or a function that is called only when the line is drawn
   */
  update(line: string | (() => string)): void;
  /** Ends the line; the last state stays on the screen. */
  done(): void;
}

export interface ProgressStream {
  isTTY?: boolean;
  columns?: number;
  write(text: string): unknown;
}

export class StderrProgress implements Progress {
  readonly #stream: ProgressStream;
  readonly #interval: number;
  #drawnAt = Number.NEGATIVE_INFINITY;
  #current: string | (() => string) = '';
  #drawn = '';

  constructor(stream: ProgressStream = process.stderr) {
    this.#stream = stream;
    this.#interval = stream.isTTY ? REDRAW_MS : PLAIN_LINE_MS;
  }

  update(line: string | (() => string)): void {
    this.#current = line;
    const now = performance.now();
    if (now - this.#drawnAt < this.#interval) return;
    this.#drawnAt = now;
    this.#draw();
  }

  done(): void {
    if (this.#currentLine() !== this.#drawn) this.#draw();
    if (this.#stream.isTTY && this.#drawn) this.#stream.write('\n');
    this.#current = '';
    this.#drawn = '';
    this.#drawnAt = Number.NEGATIVE_INFINITY;
  }

  /** Writes a whole line above the progress line. */
  log(line: string): void {
    if (!this.#stream.isTTY || !this.#drawn) {
      this.#stream.write(`${line}\n`);
      return;
    }
    this.#stream.write(`\r\x1b[2K${line}\n`);
    this.#draw();
  }

  #draw(): void {
    this.#drawn = this.#currentLine();
    if (this.#stream.isTTY) {
      const width = this.#stream.columns ?? 80;
      this.#stream.write(`\r\x1b[2K${this.#drawn.slice(0, width - 1)}`);
    } else if (this.#drawn) {
      this.#stream.write(`${this.#drawn}\n`);
    }
  }

  #currentLine(): string {
    return typeof this.#current === 'string' ? this.#current : this.#current();
  }
}

/** A progress line that shows nothing, for `--quiet` and for library use. */
export const silentProgress: Progress = { update() {}, done() {} };

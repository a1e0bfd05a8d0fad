/** Writes metrics.jsonl of a run. */
import { type FileHandle, open } from 'node:fs/promises';
import { writeError } from '../../base/file-error.ts';
import type { Metrics } from '../../schemas/run.ts';

/**
 * Appends one line at a time, with a single write. A killed run leaves at most one incomplete line
 * at the end.
 */
export class MetricsLog {
  readonly #file: FileHandle;
  readonly #path: string;

  private constructor(file: FileHandle, path: string) {
    this.#file = file;
    this.#path = path;
  }

  static async open(path: string): Promise<MetricsLog> {
    try {
      return new MetricsLog(await open(path, 'a'), path);
    } catch (error) {
      throw writeError(error, path, 'opening the metrics');
    }
  }

  async write(metrics: Metrics): Promise<void> {
    try {
      await this.#file.appendFile(`${JSON.stringify(metrics)}\n`);
    } catch (error) {
      throw writeError(error, this.#path, 'writing the metrics');
    }
  }

  async close(): Promise<void> {
    await this.#file.close();
  }
}

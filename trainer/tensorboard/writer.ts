/**
 * Writes RUN/tensorboard/: the scalars of metrics.jsonl for TensorBoard, in one file for each start
 * of the run.
 */
import { type FileHandle, open } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { writeError } from '../../base/file-error.ts';
import { makeFolder } from '../../base/files.ts';
import type { Metrics } from '../../schemas/run.ts';
import { scalarsRecord, startRecord, versionRecord } from './event.ts';

export class TensorBoardLog {
  readonly #file: FileHandle;
  readonly #path: string;

  private constructor(file: FileHandle, path: string) {
    this.#file = file;
    this.#path = path;
  }

  /**
   * @param dir folder to write to; it is made if it does not exist
   * @param step last step before this start of the run
   */
  static async open(dir: string, step: number): Promise<TensorBoardLog> {
    const now = Date.now() / 1000;
    // TensorBoard reads the file with the newest name last.
    const name = `events.out.tfevents.${String(Math.floor(now)).padStart(10, '0')}.${hostname()}.${process.pid}`;
    const path = join(dir, name);
    try {
      await makeFolder(dir);
      const log = new TensorBoardLog(await open(path, 'a'), path);
      await log.#append(Buffer.concat([versionRecord(now), startRecord(now, step)]));
      return log;
    } catch (error) {
      throw writeError(error, path, 'opening the event file');
    }
  }

  /** Writes scalars named `train/loss`, `val/loss` and so on. */
  async write({ split, step, ...numbers }: Metrics): Promise<void> {
    const scalars = Object.fromEntries(
      Object.entries(numbers).map(([key, value]) => [`${split}/${key}`, value]),
    );
    await this.#append(scalarsRecord(Date.now() / 1000, step, scalars));
  }

  async close(): Promise<void> {
    await this.#file.close();
  }

  async #append(record: Buffer): Promise<void> {
    try {
      await this.#file.appendFile(record);
    } catch (error) {
      throw writeError(error, this.#path, 'writing the event file');
    }
  }
}

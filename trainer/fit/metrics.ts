/** metrics.jsonl, and the line that shows a person how the run goes. */
import { type FileHandle, open } from 'node:fs/promises';
import { fileError } from '../../base/error.ts';
import { formatBar, formatCount, formatDuration } from '../../base/format.ts';
import type { Metrics, TrainMetrics } from '../../schemas/run.ts';

/** Appends a line at a time. A line is written whole; a killed run leaves at most a last one cut short. */
export class MetricsLog {
  private readonly file: FileHandle;
  private readonly path: string;

  private constructor(file: FileHandle, path: string) {
    this.file = file;
    this.path = path;
  }

  static async open(path: string): Promise<MetricsLog> {
    try {
      return new MetricsLog(await open(path, 'a'), path);
    } catch (error) {
      throw fileError(error, 'opening the metrics', path);
    }
  }

  async write(metrics: Metrics): Promise<void> {
    try {
      await this.file.appendFile(`${JSON.stringify(metrics)}\n`);
    } catch (error) {
      throw fileError(error, 'writing the metrics', this.path);
    }
  }

  async close(): Promise<void> {
    await this.file.close();
  }
}

/** Weight of the newest step in the speed that the line and its ETA show. */
const SMOOTHING = 0.1;

/** `███░ 120/300  loss 4.1234  2,345 tokens/s  ETA 1 min 2 s` */
export class ProgressLine {
  private readonly steps: number;
  private secondsAStep: number | undefined;
  private tokensPerSecond = 0;

  constructor(steps: number) {
    this.steps = steps;
  }

  after(metrics: TrainMetrics): string {
    const blend = (before: number, now: number) => before + SMOOTHING * (now - before);
    const isFirst = this.secondsAStep === undefined;
    this.secondsAStep = isFirst ? metrics.seconds : blend(this.secondsAStep!, metrics.seconds);
    this.tokensPerSecond = isFirst
      ? metrics.tokensPerSecond
      : blend(this.tokensPerSecond, metrics.tokensPerSecond);
    return [
      `${formatBar(metrics.step / this.steps)} ${metrics.step}/${this.steps}`,
      `loss ${metrics.loss.toFixed(4)}`,
      `${metrics.bitsPerByte.toFixed(3)} bits/byte`,
      `${formatCount(this.tokensPerSecond)} tokens/s`,
      `ETA ${formatDuration((this.steps - metrics.step) * this.secondsAStep)}`,
    ].join('  ');
  }
}

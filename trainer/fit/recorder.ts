/**
 * Records a run's steps and evaluations: in metrics.jsonl, for TensorBoard, and as events. Only
 * rank 0 has a recorder.
 */
import { join } from 'node:path';
import { GpuMemory } from '../../compute/gpu-memory.ts';
import type { ValMetrics } from '../../schemas/run.ts';
import { flopsPerToken } from '../estimate/flops.ts';
import { measurePeakFlops } from '../estimate/peak.ts';
import type { FitEvent } from '../events.ts';
import { metricsPath } from '../run/directory.ts';
import { TensorBoardLog } from '../tensorboard/writer.ts';
import { MetricsLog } from './metrics.ts';
import type { Session } from './session.ts';
import type { StepResult } from './step.ts';

interface Outputs {
  metrics: MetricsLog;
  tensorBoard: TensorBoardLog;
}

export class Recorder {
  readonly #outputs: Outputs;
  readonly #emit: (event: FitEvent) => void;
  readonly #steps: number;
  readonly #gpuMemory: GpuMemory;
  /** Seconds per token if all ranks did only matrix products at peak speed. */
  readonly #idealSeconds: number;
  /** True when a step was faster than the measured peak: the peak is wrong then, and so is MFU. */
  #isPeakWrong = false;

  private constructor(
    session: Session,
    outputs: Outputs,
    peakFlops: number,
    emit: (event: FitEvent) => void,
  ) {
    const { backend, communicator, config } = session;
    this.#outputs = outputs;
    this.#emit = emit;
    this.#steps = config.train.steps;
    this.#gpuMemory = new GpuMemory(backend);
    this.#idealSeconds =
      flopsPerToken(session.training.model.config, config.train.seqLen) /
      (peakFlops * communicator.size);
  }

  static async open(session: Session, emit: (event: FitEvent) => void): Promise<Recorder> {
    const peak = session.config.train.peakFlops ?? (await measuredPeak(session));
    const metrics = await MetricsLog.open(metricsPath(session.run));
    const tensorBoard = await TensorBoardLog.open(join(session.run, 'tensorboard'), session.step);
    return new Recorder(session, { metrics, tensorBoard }, peak, emit);
  }

  async step(result: StepResult): Promise<void> {
    this.#gpuMemory.refresh();
    const metrics = {
      split: 'train',
      ...result,
      ...this.#utilization(result),
      memory: process.memoryUsage.rss(),
      ...(this.#gpuMemory.bytes === undefined ? {} : { gpuMemory: this.#gpuMemory.bytes }),
    } as const;
    await this.#outputs.metrics.write(metrics);
    await this.#outputs.tensorBoard.write(metrics);
    this.#emit({ type: 'step', metrics, steps: this.#steps });
  }

  #utilization({ tokensPerSecond }: StepResult): { mfu?: number } {
    const mfu = tokensPerSecond * this.#idealSeconds;
    this.#isPeakWrong ||= mfu > 1;
    return this.#isPeakWrong ? {} : { mfu };
  }

  async evaluation(metrics: ValMetrics): Promise<void> {
    await this.#outputs.metrics.write(metrics);
    await this.#outputs.tensorBoard.write(metrics);
  }

  async close(): Promise<void> {
    await this.#outputs.metrics.close();
    await this.#outputs.tensorBoard.close();
  }
}

function measuredPeak({ backend, config, training }: Session): Promise<number> {
  const { microBatch, seqLen, precision } = config.train;
  const tokens = microBatch * seqLen;
  return measurePeakFlops(backend, { model: training.model.config, tokens, precision });
}

/** What is kept of a run's steps and evaluations: metrics.jsonl, TensorBoard, and what is told. Rank 0 has one. */
import { join } from 'node:path';
import type { ValMetrics } from '../../schemas/run.ts';
import { GpuMemory } from '../backend/gpu-memory.ts';
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
  /** Seconds that a token would take if all ranks did nothing but multiply. */
  readonly #idealSeconds: number;
  /** A step was faster than the device at its best: it is not known, nor is a share of it. */
  #isPeakWrong = false;

  private constructor(
    session: Session,
    outputs: Outputs,
    peakFlops: number,
    emit: (event: FitEvent) => void,
  ) {
    const { backend, communicator, config, model } = session;
    this.#outputs = outputs;
    this.#emit = emit;
    this.#steps = config.train.steps;
    this.#gpuMemory = new GpuMemory(backend);
    this.#idealSeconds =
      flopsPerToken(model.config, config.train.seqLen) / (peakFlops * communicator.size);
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

function measuredPeak({ backend, config, model }: Session): Promise<number> {
  const { microBatch, seqLen, precision } = config.train;
  const tokens = microBatch * seqLen;
  return measurePeakFlops(backend, { model: model.config, tokens, precision });
}

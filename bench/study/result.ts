/** What the study found, before it is written down. */
import type { EvaluationTable } from '../../schemas/protocol.ts';
import type { CodecMeans } from '../../tokenizer/compare/page.ts';
import type { Series } from '../../trainer/index.ts';
import type { Arm, StudySize } from './plan.ts';

export interface ArmResult {
  arm: Arm;
  manifest: {
    totals: { documents: number; documentBytes: number; tokens: number };
    vocabSize: number;
  };
  metrics: Series;
  table: EvaluationTable;
  /** Folder of the evaluation. */
  evaluation: string;
  /** By the clock. */
  seconds: { data: number; fit: number; evaluation: number };
}

export interface Study {
  size: StudySize;
  results: readonly ArmResult[];
  command: string;
  vq: { step: number; psnr: number; codesUsed: number; perplexity: number; seconds: number };
  compared: readonly CodecMeans[];
}

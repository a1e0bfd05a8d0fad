/** What the study found, before it is written down. */
import type { EvaluationTable, Spread } from '../../schemas/protocol.ts';
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
  /** Bits of a document of held-out fonts by the model: the same pictures for every arm. */
  bits: { mean: number; error: number };
  /** What the codec keeps of held-out pictures. */
  kept: CodecMeans;
  /** Completions; dials have none. */
  drawn?: Drawn;
  /** The same with the last tokens of each prompt drawn again, where tokens are several symbols. */
  healed?: Drawn;
  /** By the clock. */
  seconds: { data: number; fit: number };
}

export interface Drawn {
  /** Folder of the evaluation. */
  evaluation: string;
  table: EvaluationTable;
  /** Undefined where no network was named. */
  figures?: DrawnFigures;
  seconds: number;
}

/** Distances from the originals. All pictures were brought to the raster of the letters before. */
export interface DrawnFigures {
  network: string;
  /** By condition, over the seeds. */
  conditions: Record<string, Figures>;
  /** What the codec makes of the originals, and one half of them against the other. */
  alone: Figures;
  halves: Figures;
}

export interface Figures {
  distance: Spread;
  kid: Spread;
  /** Mean over the pictures, dB; with a prompt only. */
  psnr?: Spread;
}

export interface VqResult {
  step: number;
  psnr: number;
  codesUsed: number;
  perplexity: number;
  seconds: number;
}

export interface Study {
  size: StudySize;
  results: readonly ArmResult[];
  /** Arms of the plan that have not been run. */
  missing: readonly Arm[];
  command: string;
  vq: VqResult | undefined;
  /** Pictures behind the bits. */
  scored: number;
}

interface Score {
  bitsPerByte?: number;
  bitsPerSymbol?: number;
  bytes?: number;
  symbols?: number;
}

/**
 * Mean and standard error of the bits of a document.
 * @param lines what `trainer score --json` printed
 */
export function bitsOfScores(lines: string): { mean: number; error: number } {
  const bits = lines.split('\n').map((line) => {
    const score = JSON.parse(line) as Score;
    return (score.bitsPerByte ?? score.bitsPerSymbol!) * (score.bytes ?? score.symbols!);
  });
  const mean = bits.reduce((sum, value) => sum + value, 0) / bits.length;
  const variance = bits.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (bits.length - 1);
  return { mean, error: Math.sqrt(variance / bits.length) };
}

/** The recorded curve of the shipped model: `step,tokens,loss,validation`, a line for each step. */
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { Series } from '../trainer/index.ts';

export const CURVE_FILE = fileURLToPath(new URL('curve.csv', import.meta.url));

const HEADER = 'step,tokens,loss,validation';

export interface CurvePoint {
  step: number;
  /** Tokens seen so far. */
  tokens: number;
  /** Nats per token of this step's batch. */
  loss: number;
  /** Nats per token of the held-out documents; after some steps only. */
  validation?: number;
}

/** Reads the curve; empty before a model was ever trained. */
export async function readCurve(): Promise<CurvePoint[]> {
  if (!existsSync(CURVE_FILE)) return [];
  return parseCurve(await readFile(CURVE_FILE, 'utf8'));
}

export function parseCurve(text: string): CurvePoint[] {
  const [, ...lines] = text.trim().split('\n');
  return lines.map((line) => {
    const [step, tokens, loss, validation] = line.split(',');
    return {
      step: Number(step),
      tokens: Number(tokens),
      loss: Number(loss),
      ...(validation === '' ? {} : { validation: Number(validation) }),
    };
  });
}

export function formatCurve({ train, val }: Series): string {
  const validation = new Map(val.map(({ step, loss }) => [step, loss.toFixed(5)]));
  const lines = train.map(
    ({ step, tokensSeen, loss }) =>
      `${step},${tokensSeen},${loss.toFixed(5)},${validation.get(step) ?? ''}`,
  );
  return `${[HEADER, ...lines].join('\n')}\n`;
}

/** What an evaluation draws, and where in its folder everything lies. */
import { join } from 'node:path';
import type { ProtocolPlan } from '../../schemas/protocol.ts';
import type { PictureRegion } from '../pictures/crop.ts';

/** A question to the models: how much of which pictures they are given. */
export interface PromptCondition {
  /** Name of its folders: `ratio-0.25`, `half-ratio-0.25`, `unconditional`. */
  readonly id: string;
  readonly title: string;
  /** Share of the picture that is given; undefined without a prompt. */
  readonly ratio?: number;
  /** Pictures of half the size with black borders. */
  readonly isHalf: boolean;
}

/** Sampling settings that are compared, each a row of the table. */
export interface Draw {
  readonly id: string;
  readonly topK: number;
  readonly topP: number;
}

type Asked = Pick<ProtocolPlan['settings'], 'ratios' | 'unconditional' | 'halfSize'>;

export function conditionsOf({ ratios, unconditional, halfSize }: Asked): PromptCondition[] {
  const given = [...new Set(ratios)].sort((a, b) => a - b);
  const whole = given.map((ratio) => ({
    id: `ratio-${ratio}`,
    title: `r = ${ratio}`,
    ratio,
    isHalf: false,
  }));
  const half = given.map((ratio) => ({
    id: `half-ratio-${ratio}`,
    title: `half size, r = ${ratio}`,
    ratio,
    isHalf: true,
  }));
  const none = { id: 'unconditional', title: 'unconditional', isHalf: false };
  return [...whole, ...(unconditional ? [none] : []), ...(halfSize ? half : [])];
}

export function drawsOf({ topK, topP }: Pick<ProtocolPlan['settings'], 'topK' | 'topP'>): Draw[] {
  return [...new Set(topK)].flatMap((k) =>
    [...new Set(topP)].map((p) => ({ id: `top-k-${k}-top-p-${p}`, topK: k, topP: p })),
  );
}

export function seedsOf({ seed, seeds }: Pick<ProtocolPlan['settings'], 'seed' | 'seeds'>) {
  return Array.from({ length: seeds }, (_, i) => seed + i);
}

interface Size {
  readonly width: number;
  readonly height: number;
}

/** Where the picture lies within its black border: in the middle, at whole pixels. */
export function activeRegion({ width, height }: Size): PictureRegion {
  const [inner, tall] = [Math.max(1, width >> 1), Math.max(1, height >> 1)];
  return { left: (width - inner) >> 1, top: (height - tall) >> 1, width: inner, height: tall };
}

/**
 * The share of the whole picture that is given. Within borders the ratio counts the picture without
 * them, so that models see the same content at both sizes.
 */
export function givenShare({ ratio = 0, isHalf }: PromptCondition, size: Size): number {
  if (!isHalf) return ratio;
  const { top, height } = activeRegion(size);
  return (top + ratio * height) / size.height;
}

/** Rows of pixels that are given, counted from the top. */
export function givenRows(condition: PromptCondition, size: Size): number {
  return Math.floor(givenShare(condition, size) * size.height);
}

export function pictureName(index: number): string {
  return String(index).padStart(8, '0');
}

/** The files of an evaluation. */
export class Layout {
  readonly root: string;

  constructor(root: string) {
    this.root = root;
  }

  get plan(): string {
    return join(this.root, 'plan.json');
  }
  get lock(): string {
    return join(this.root, '.lock');
  }
  get table(): string {
    return join(this.root, 'table.json');
  }
  get markdown(): string {
    return join(this.root, 'table.md');
  }
  get page(): string {
    return join(this.root, 'index.html');
  }
  get prompts(): string {
    return join(this.root, 'prompts');
  }
  get completions(): string {
    return join(this.root, 'completions');
  }
  get rows(): string {
    return join(this.root, 'rows');
  }

  /** Features of pictures, named by what they were made from. */
  get features(): string {
    return join(this.root, 'features');
  }
  get distances(): string {
    return join(this.root, 'distances');
  }

  /** Pictures as models are to see them: `originals` (PNG), `canonical` (files), `documents` (symbols). */
  prepared(kind: 'originals' | 'canonical' | 'documents', isHalf: boolean): string {
    return join(this.prompts, isHalf ? 'half' : 'whole', kind);
  }

  drawn(condition: PromptCondition, draw: Draw, seed: number): string {
    return join(this.completions, condition.id, draw.id, `seed-${seed}`);
  }

  /** @param set number of the row's set of pictures for this condition, counted from 0 */
  pasted(row: string, condition: PromptCondition, set: number): string {
    return join(this.rows, row, condition.id, `set-${set}`);
  }
}

/** What the study runs: the size of everything by `--scale`, and the arms that are compared. */

/** What `--scale 1` takes: hours on two cores. */
const WHOLE = { tokens: 8_000_000, pictures: 3600, evaluated: 512, vqSteps: 6000, seeds: 3 };

/** Small enough that 32x32 pixels are a sequence, and that pictures can still be told apart. */
export const SIZE = 32;
/** Tokens of a step, for every arm. */
const STEP_TOKENS = 4096;
/** Models below this many tokens say nothing about a dial. */
const DIALS_FROM = 0.2;

export interface StudySize {
  scale: number;
  pictures: number;
  evaluated: number;
  vqSteps: number;
  steps: number;
  tokens: number;
  seeds: number;
  hasDials: boolean;
  model: Readonly<Record<string, number>>;
}

export function sizeOf(scale: number): StudySize {
  const of = (whole: number, least: number) => Math.max(least, Math.round(whole * scale));
  const steps = of(WHOLE.tokens / STEP_TOKENS, 8);
  const isSmall = scale < DIALS_FROM;
  return {
    scale,
    pictures: of(WHOLE.pictures, 400),
    evaluated: of(WHOLE.evaluated, 16),
    vqSteps: of(WHOLE.vqSteps, 100),
    steps,
    tokens: steps * STEP_TOKENS,
    seeds: isSmall ? 1 : WHOLE.seeds,
    hasDials: !isSmall,
    model: isSmall
      ? { hiddenSize: 128, layers: 3, heads: 2, kvHeads: 2, intermediateSize: 320 }
      : { hiddenSize: 256, layers: 4, heads: 4, kvHeads: 4, intermediateSize: 640 },
  };
}

export interface Arm {
  /** Name of its folders and of its row. */
  name: string;
  /** As people read it. */
  title: string;
  codec: string;
  /** Options of `pipeline run images`. */
  options: readonly string[];
  /** Those of `tokenizer compare`. */
  compared: string;
  seqLen: number;
  microBatch: number;
}

const BACKGROUND = 'white';

function jpeg(name: string, title: string, quality: number, merges: number, size = SIZE): Arm {
  return {
    ...{ name, title, codec: 'jpeg' },
    options: [
      ...['--size', String(size), '--quality', String(quality), '--merges', String(merges)],
      ...['--background', BACKGROUND, '--seq-len', '512'],
    ],
    compared: `jpeg:size=${size},quality=${quality},background=${BACKGROUND}`,
    ...{ seqLen: 512, microBatch: STEP_TOKENS / 512 },
  };
}

/** @param vqModel folder of the VQ model that the study learns */
export function armsOf(vqModel: string, { hasDials }: StudySize): Arm[] {
  const ground = ['--background', BACKGROUND];
  const main: Arm[] = [
    jpeg('jpeg', 'JPEG, quality 25', 25, 64),
    {
      ...{ name: 'vq', title: 'VQ, 8x8 codes of 256', codec: 'vq' },
      options: ['--codec', 'vq', '--size', String(SIZE), '--vq', vqModel, ...ground],
      compared: `vq:size=${SIZE},vq=${vqModel},background=${BACKGROUND}`,
      ...{ seqLen: 66, microBatch: Math.round(STEP_TOKENS / 66) },
    },
    {
      ...{ name: 'pixels', title: 'Pixels, 64 colours', codec: 'pixels' },
      options: ['--codec', 'pixels', '--size', String(SIZE), '--colours', '64', ...ground],
      compared: `pixels:size=${SIZE},colours=64,background=${BACKGROUND}`,
      ...{ seqLen: 1026, microBatch: Math.round(STEP_TOKENS / 1026) },
    },
  ];
  if (!hasDials) return main;
  const qualities = [5, 10, 50].map((quality) =>
    jpeg(`jpeg-q${quality}`, `JPEG, quality ${quality}`, quality, 64),
  );
  const merges = [0, 320, 1024].map((count) =>
    jpeg(`jpeg-m${count}`, `JPEG, ${count} merges`, 25, count),
  );
  return [...main, ...qualities, ...merges, jpeg('jpeg-64', 'JPEG, 64x64 pixels', 25, 64, 64)];
}

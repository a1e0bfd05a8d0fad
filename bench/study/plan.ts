/** What the study runs: the size of everything by `--scale`, and the arms that are compared. */
import type { Side } from './corpus.ts';

/** What `--scale 1` takes: several hours on two cores. */
const WHOLE = { tokens: 8_000_000, evaluated: 1024, vqSteps: 6000 };

/**
 * Each codec has the letters at a size that suits it: a pixel of their raster is a block of JPEG, four are a
 * code of the VQ model, and one is a pixel of the codec `pixels`.
 */
const JPEG_SIZE = 128;
export const VQ_SIZE = 32;
const PIXELS_SIZE = 16;
/** Pixels that a code stands for, squared. */
const CODE_PIXELS = 4;
/** The colours that the letters have. */
const COLOURS = 8;
const QUALITY = 10;
const MERGES = 320;
/** Tokens of a step, for every arm. */
const STEP_TOKENS = 2048;
/** Share of the tokens that a dial's models see: enough to tell them apart, with a schedule of their own. */
const DIAL_SHARE = 0.25;

/** The Llama of the showcase, which learns letters fast: 2 M parameters. */
export const MODEL = { hiddenSize: 192, layers: 4, heads: 3, kvHeads: 3, intermediateSize: 512 };
export const OPTIM = { lr: 3e-3, minLr: 1e-4, warmupSteps: 100 };

export const VQ_CODES = 256;
/** The `VQModel` that the study learns, as diffusers' config.json has it: three blocks, 4x4 pixels a code. */
export const VQ_CONFIG = {
  _class_name: 'VQModel',
  block_out_channels: [16, 32, 64],
  down_block_types: Array(3).fill('DownEncoderBlock2D'),
  up_block_types: Array(3).fill('UpDecoderBlock2D'),
  layers_per_block: 1,
  latent_channels: 32,
  vq_embed_dim: 16,
  num_vq_embeddings: VQ_CODES,
  norm_num_groups: 8,
};

export interface StudySize {
  scale: number;
  /** Pictures that are completed. */
  evaluated: number;
  vqSteps: number;
  /** Tokens that a main arm sees. */
  tokens: number;
  /** Completions of each picture. */
  seeds: number;
}

export function sizeOf(scale: number): StudySize {
  const of = (whole: number, least: number) => Math.max(least, Math.round(whole * scale));
  return {
    scale,
    evaluated: of(WHOLE.evaluated, 16),
    vqSteps: of(WHOLE.vqSteps, 100),
    tokens: of(WHOLE.tokens / STEP_TOKENS, 8) * STEP_TOKENS,
    seeds: scale < 0.1 ? 1 : 3,
  };
}

export interface Arm {
  /** Name of its folders, and in `--arms`. */
  name: string;
  /** As people read it. */
  title: string;
  /** Main arms are evaluated with pictures, dials by bits alone. */
  kind: 'main' | 'dial';
  /** Options of `pipeline run images`. */
  options: readonly string[];
  /** Those of `tokenizer compare`. */
  compared: string;
  /** Size of the pictures that it is given. */
  side: Side;
  /** Whether its tokens are several symbols, so that a prompt may end within one of the whole document. */
  hasMerges: boolean;
  /** Whether its symbols are those of the VQ model that the study learns. */
  isVq: boolean;
  seqLen: number;
  /** Sequences of a step. */
  microBatch: number;
  steps: number;
  /** Seed of the weights and of the order of sequences. */
  seed: number;
  /** Arm whose dataset it trains on, where that is not its own. */
  dataOf?: string;
}

type Codec = Pick<
  Arm,
  'options' | 'compared' | 'side' | 'hasMerges' | 'isVq' | 'seqLen' | 'microBatch'
>;

function jpeg(quality = QUALITY, merges = MERGES, size = JPEG_SIZE): Codec {
  return {
    options: [
      ...['--size', String(size), '--quality', String(quality), '--merges', String(merges)],
      ...['--seq-len', '512'],
    ],
    compared: `jpeg:size=${size},quality=${quality}`,
    side: 128,
    hasMerges: merges > 0,
    isVq: false,
    ...rows(512),
  };
}

function rows(seqLen: number): Pick<Arm, 'seqLen' | 'microBatch'> {
  return { seqLen, microBatch: Math.round(STEP_TOKENS / seqLen) };
}

/**
 * Arms in the order in which they are run.
 * @param vqModel folder of the VQ model
 * @param clusters dataset.json that has the colours of the pixels' arm
 */
export function armsOf({ tokens }: StudySize, vqModel: string, clusters: string): Arm[] {
  const steps = Math.round(tokens / STEP_TOKENS);
  const whole = { kind: 'main', steps, seed: 0 } as const;
  const part = { kind: 'dial', steps: Math.max(4, Math.round(steps * DIAL_SHARE)) } as const;
  const vq: Codec = {
    options: ['--codec', 'vq', '--size', String(VQ_SIZE), '--vq', vqModel],
    compared: `vq:size=${VQ_SIZE},vq=${vqModel}`,
    side: 32,
    hasMerges: false,
    isVq: true,
    ...rows((VQ_SIZE / CODE_PIXELS) ** 2 + 2),
  };
  const pixels: Codec = {
    options: ['--codec', 'pixels', '--size', String(PIXELS_SIZE), '--colours', String(COLOURS)],
    compared: `pixels:size=${PIXELS_SIZE},clusters=${clusters}`,
    side: 16,
    hasMerges: false,
    isVq: false,
    ...rows(PIXELS_SIZE ** 2 + 2),
  };
  const dial = (name: string, title: string, codec: Codec, seed = 0): Arm => ({
    ...{ name, title, seed, ...part, ...codec },
  });
  return [
    { name: 'jpeg', title: `JPEG, quality ${QUALITY}`, ...whole, ...jpeg() },
    { name: 'vq', title: `VQ, 8x8 codes of ${VQ_CODES}`, ...whole, ...vq },
    { name: 'pixels', title: `Pixels, 16x16 of ${COLOURS} colours`, ...whole, ...pixels },
    dial('dial', `quality ${QUALITY}, ${MERGES} merges, ${JPEG_SIZE}x${JPEG_SIZE} pixels`, jpeg()),
    { ...dial('dial-seed', 'the same, other weights', jpeg(), 1), dataOf: 'dial' },
    dial('dial-64', '64x64 pixels', jpeg(QUALITY, MERGES, 64)),
    ...[5, 25].map((q) => dial(`dial-q${q}`, `quality ${q}`, jpeg(q))),
    ...[0, 1024].map((m) => dial(`dial-m${m}`, `${m} merges`, jpeg(QUALITY, m))),
    dial('dial-q50', 'quality 50', jpeg(50)),
    dial('dial-m64', '64 merges', jpeg(QUALITY, 64)),
    dial('dial-256', '256x256 pixels', jpeg(QUALITY, MERGES, 256)),
  ];
}

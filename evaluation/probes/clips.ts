/** Clips that the model continues, frame by frame beside the originals, and beside the last given frame again. */
import { CodecLmError } from '../../base/error.ts';
import { luminanceOf, psnr, type Raster, type Symbols, ssim } from '../../tokenizer/index.ts';
import type { Model } from '../../trainer/sample/model.ts';
import { sample } from '../../trainer/sample/sample.ts';
import { gatherNumbers } from './gather.ts';
import { type ProbedFile, stopIfAsked } from './scoring.ts';
import type { DrawSettings } from './validity.ts';

export interface FrameQuality {
  /** Number of the frame in the clip, from 0. */
  readonly frame: number;
  /** PSNR in dB and SSIM, means over clips, of what the model drew. */
  readonly psnr: number;
  readonly ssim: number;
  /** The same of the last given frame, shown again. */
  readonly repeatPsnr: number;
  readonly repeatSsim: number;
}

export interface ClipsResult {
  readonly clips: number;
  /** Frames that were given. */
  readonly given: number;
  /** Each drawn frame. */
  readonly frames: readonly FrameQuality[];
  /** Means over all of them. */
  readonly mean: Omit<FrameQuality, 'frame'>;
}

/**
 * Collective.
 * @param inputs of a codec that has frames
 * @throws CodecLmError of `sample`; the codec's `invalidCode`, `TOOL_MISSING`, `TOOL_FAILED` of decoding;
 *   `USAGE` where no frame is given; `INTERRUPTED`
 */
export async function probeClips(
  model: Model,
  inputs: readonly ProbedFile[],
  settings: DrawSettings,
): Promise<ClipsResult> {
  const { codec } = model;
  const framesOf = (document: Symbols) => codec.frames!(document);
  /** Frames of this rank's clips and how many of them were given; then the qualities of the drawn ones. */
  const lengths = new Map<number, Float64Array>();
  const found = new Map<number, Float64Array>();
  const prompt = inputs.map(({ source }) => source);
  for await (const { index, document, given } of sample(model, { ...settings, prompt, num: 1 })) {
    if (given === 0) {
      throw new CodecLmError('USAGE', 'clips of one frame: nothing can be given and continued');
    }
    const originals = await framesOf(inputs[index].document.symbols);
    const drawn = await framesOf(document);
    const shown = (await framesOf(document.subarray(0, given))).length;
    const qualities = originals
      .slice(shown)
      .flatMap((original, i) => qualityOf(original, drawn[shown + i], drawn[shown - 1]));
    lengths.set(index, Float64Array.of(originals.length, shown));
    found.set(index, Float64Array.from(qualities));
  }
  stopIfAsked(settings.signal);
  const { communicator } = settings;
  const sizes = await gatherNumbers(
    lengths,
    inputs.map(() => 2),
    communicator,
  );
  const rows = await gatherNumbers(
    found,
    sizes.map(([frames, shown]) => (frames - shown) * QUALITIES.length),
    communicator,
  );
  return resultOf(sizes[0][1], rows);
}

type Quality = Omit<FrameQuality, 'frame'>;

/** The order of a frame's numbers. */
const QUALITIES = ['psnr', 'ssim', 'repeatPsnr', 'repeatSsim'] as const;

function qualityOf(original: Raster, drawn: Raster, last: Raster): number[] {
  const [a, b, c] = [original, drawn, last].map(luminanceOf);
  return [psnr(a.data, b.data), ssim(a, b), psnr(a.data, c.data), ssim(a, c)];
}

/** @param rows the qualities of each clip, frame by frame */
function resultOf(given: number, rows: readonly Float64Array[]): ClipsResult {
  const sums: Quality[] = [];
  for (const row of rows) {
    for (let at = 0; at < row.length / QUALITIES.length; at++) {
      const numbers = row.subarray(at * QUALITIES.length);
      const entries = QUALITIES.map((name, i) => [name, numbers[i]]);
      sums[at] = added(sums[at], Object.fromEntries(entries) as Quality);
    }
  }
  const clips = rows.length;
  const frames = sums.map((sum, i) => ({ frame: given + i, ...scaled(sum, 1 / clips) }));
  const all = sums.reduce(added);
  return { clips, given, frames, mean: scaled(all, 1 / (clips * sums.length)) };
}

function added(a: Quality | undefined, b: Quality): Quality {
  if (!a) return b;
  return {
    psnr: a.psnr + b.psnr,
    ssim: a.ssim + b.ssim,
    repeatPsnr: a.repeatPsnr + b.repeatPsnr,
    repeatSsim: a.repeatSsim + b.repeatSsim,
  };
}

function scaled(quality: Quality, by: number): Quality {
  return {
    psnr: quality.psnr * by,
    ssim: quality.ssim * by,
    repeatPsnr: quality.repeatPsnr * by,
    repeatSsim: quality.repeatSsim * by,
  };
}

/** Clips that the model continues, frame by frame beside the originals, and beside the last given frame again. */
import { CodecLmError } from '../../base/error.ts';
import type { Raster, Symbols } from '../../tokenizer/index.ts';
import type { Model } from '../../trainer/sample/model.ts';
import { sample } from '../../trainer/sample/sample.ts';
import { luminanceOf, psnr, ssim } from './picture-quality.ts';
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
  const sums: Quality[] = [];
  let [clips, given] = [0, 0];
  const prompt = inputs.map(({ source }) => source);
  for await (const found of sample(model, { ...settings, prompt, num: 1 })) {
    if (found.given === 0) {
      throw new CodecLmError('USAGE', 'clips of one frame: nothing can be given and continued');
    }
    const originals = await framesOf(inputs[found.index].document.symbols);
    const drawn = await framesOf(found.document);
    given = (await framesOf(found.document.subarray(0, found.given))).length;
    clips++;
    for (let frame = given; frame < originals.length; frame++) {
      const at = frame - given;
      const quality = qualityOf(originals[frame], drawn[frame], drawn[given - 1]);
      sums[at] = added(sums[at], quality);
    }
  }
  stopIfAsked(settings.signal);
  const frames = sums.map((sum, i) => ({ frame: given + i, ...scaled(sum, 1 / clips) }));
  const all = sums.reduce(added);
  return { clips, given, frames, mean: scaled(all, 1 / (clips * sums.length)) };
}

type Quality = Omit<FrameQuality, 'frame'>;

function qualityOf(original: Raster, drawn: Raster, last: Raster): Quality {
  const [a, b, c] = [original, drawn, last].map(luminanceOf);
  return { psnr: psnr(a, b), ssim: ssim(a, b), repeatPsnr: psnr(a, c), repeatSsim: ssim(a, c) };
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

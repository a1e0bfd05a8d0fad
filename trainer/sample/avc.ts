/** AVC documents in the sampler: clips, shown as strips of their frames and as animations. */
import type { AvcSettings } from '../../schemas/avc.ts';
import { CodecLmError } from '../../schemas/error.ts';
import { parseAvcDocument } from '../../tokenizer/avc/document.ts';
import { createAvcCodec } from '../../tokenizer/avc/encode.ts';
import { createAvcGrammar } from '../../tokenizer/avc/grammar.ts';
import { cutAfterFrames } from '../../tokenizer/avc/prompt.ts';
import { animate, drawStrip, stripSize } from '../../tokenizer/avc/strip.ts';
import { framesOf, toMp4 } from '../../tokenizer/avc/view.ts';
import type { PromptCut, SampledMedium } from './codec.ts';

/** Frames a row of a strip: the fifteen of the paper make three rows. */
const COLUMNS = 5;

/** Frames of a prompt (paper, section 4.2): ten are given, five are generated. */
const PROMPT_FRAMES = 10;

/** @throws CodecLmError `TOOL_MISSING` without ffmpeg */
export async function avcSampling(settings: AvcSettings): Promise<SampledMedium> {
  const { width, height, frames, fps } = settings;
  // A prompt needs only the frames that are given of it.
  const codec = await createAvcCodec({ ...settings, short: 'keep' });
  return {
    codec,
    width,
    height,
    grammar: createAvcGrammar({ width, height, frames }),
    defaultCut: { frames: Math.min(PROMPT_FRAMES, frames - 1) },
    cut: cutOf,
    view: (document) => toMp4(document, fps),
    // Annex B is a stream: players follow it as it is.
    preview: (beginning) => beginning,
    still: {
      ...stripSize(width, height, frames, COLUMNS),
      mime: 'image/png',
      draw: strip,
    },
    companions: async (document, given) => [
      { extension: '.png', mime: 'image/png', file: await strip(document, given) },
      {
        extension: '.webp',
        mime: 'image/webp',
        file: await animate(await framesOf(document), fps),
      },
    ],
  };
}

async function strip(beginning: Uint8Array, given: number): Promise<Uint8Array> {
  const promptFrames = parseAvcDocument(beginning).frames.filter(({ end }) => end <= given).length;
  return drawStrip(await framesOf(beginning), { columns: COLUMNS, promptFrames });
}

function cutOf(document: Uint8Array, cut: PromptCut): number {
  if ('frames' in cut) return cutAfterFrames(document, cut.frames).length;
  throw new CodecLmError('USAGE', 'a clip is cut between frames: use --prompt-frames');
}

/** AVC documents in the sampler: clips, shown as strips of their frames and as animations. */

import { CodecLmError } from '../../base/error.ts';
import { parseAvcDocument } from '../../tokenizer/codecs/avc/document.ts';
import { createAvcCodec } from '../../tokenizer/codecs/avc/encode.ts';
import { createAvcGrammar } from '../../tokenizer/codecs/avc/grammar.ts';
import { IDR_SLICE, SLICE, splitNalUnits } from '../../tokenizer/codecs/avc/nal.ts';
import { cutAfterFrames } from '../../tokenizer/codecs/avc/prompt.ts';
import type { AvcSettings } from '../../tokenizer/codecs/avc/settings.ts';
import { animate, drawStrip, stripSize } from '../../tokenizer/codecs/avc/strip.ts';
import { framesOf, toMp4 } from '../../tokenizer/codecs/avc/view.ts';
import { bitsByBlock, heat } from '../score/map.ts';
import type { PromptCut, SampledMedium } from './medium.ts';

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
    surprise,
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

/** A strip of the frames; one scale of colours for all of them. */
async function surprise(document: Uint8Array, byteBits: Float64Array): Promise<Uint8Array> {
  const { macroblocksPerFrame } = parseAvcDocument(document);
  const slices = splitNalUnits(document).filter(({ type }) => type === SLICE || type === IDR_SLICE);
  const { width, height, frames } = await framesOf(document);
  const bits = slices.map(({ start, end }) => bitsByBlock(byteBits, [start], end)[0]);
  const hottest = Math.max(...bits);
  const heated = frames.map((pixels, i) => {
    const from = i * macroblocksPerFrame;
    const ofFrame = Float64Array.from(bits.slice(from, from + macroblocksPerFrame));
    return heat({ width, height, pixels }, ofFrame, hottest);
  });
  const [{ width: wide, height: high }] = heated;
  const clip = { width: wide, height: high, frames: heated.map((frame) => frame.pixels) };
  return drawStrip(clip, { columns: COLUMNS });
}

function cutOf(document: Uint8Array, cut: PromptCut): number {
  if ('frames' in cut) return cutAfterFrames(document, cut.frames).length;
  throw new CodecLmError('USAGE', 'a clip is cut between frames: use --prompt-frames');
}

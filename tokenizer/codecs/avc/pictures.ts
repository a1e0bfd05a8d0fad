/**
 * Pictures of a clip: a strip of its frames, an animation, and the strip with the model's surprise
 * over it.
 */
import type { Companion } from '../codec.ts';
import { bitsByBlock, heat } from '../pictures/heat.ts';
import { parseAvcDocument } from './document.ts';
import { IDR_SLICE, PPS, SEI, SLICE, SPS, splitNalUnits } from './nal.ts';
import { animate, drawStrip } from './strip.ts';
import { COLUMNS } from './strip-size.ts';
import { framesOf } from './view.ts';

/** Side of a macroblock in pixels. */
const MACROBLOCK_SIDE = 16;

/**
 * Draws the whole frames of a beginning.
 * @param given number of bytes that were the prompt: the frames in them get a line
 * @throws CodecLmError `AVC_INVALID` when there is none
 */
export async function stillOf(beginning: Uint8Array, given: number): Promise<Uint8Array> {
  const whole = wholeFrames(beginning);
  const promptFrames = promptFramesOf(whole, given);
  return drawStrip(await framesOf(whole), { columns: COLUMNS, promptFrames });
}

/** A clip that is being drawn ends within a frame most of the time. */
function wholeFrames(beginning: Uint8Array): Uint8Array {
  try {
    parseAvcDocument(beginning);
    return beginning;
  } catch (error) {
    const units = splitNalUnits(beginning);
    const last = units.findLastIndex(
      ({ type, payloadStart }) =>
        (type === SLICE || type === IDR_SLICE) && isFirstSlice(beginning, payloadStart),
    );
    // Parameter sets before a frame belong to it.
    let from = last;
    while (from > 0 && isParameterSet(units[from - 1].type)) from--;
    if (from <= 0) throw error;
    const whole = beginning.subarray(0, units[from].start);
    parseAvcDocument(whole);
    return whole;
  }
}

/** `first_mb_in_slice` (H.264, 7.3.3) is 0: the bit after the header is 1. */
function isFirstSlice(bytes: Uint8Array, payloadStart: number): boolean {
  return (bytes[payloadStart + 1] & 0x80) !== 0;
}

const isParameterSet = (type: number) => type === SPS || type === PPS || type === SEI;

function promptFramesOf(beginning: Uint8Array, given: number): number {
  if (given === 0) return 0;
  return parseAvcDocument(beginning).frames.filter(({ end }) => end <= given).length;
}

/** Bits of each slice, which is a macroblock, in the order of the document. */
export function bitsByMacroblock(document: Uint8Array, byteBits: Float64Array): number[] {
  return splitNalUnits(document)
    .filter(({ type }) => type === SLICE || type === IDR_SLICE)
    .map(({ start, end }) => bitsByBlock(byteBits, [start], end)[0]);
}

/** A strip of the frames; all of them share one colour scale. */
export async function surpriseOfAvc(
  document: Uint8Array,
  byteBits: Float64Array,
): Promise<Uint8Array> {
  const { macroblocksPerFrame } = parseAvcDocument(document);
  const { width, height, frames } = await framesOf(document);
  const bits = bitsByMacroblock(document, byteBits);
  const options = { hottest: Math.max(...bits), block: MACROBLOCK_SIDE };
  const heated = frames.map((pixels, i) => {
    const from = i * macroblocksPerFrame;
    const ofFrame = Float64Array.from(bits.slice(from, from + macroblocksPerFrame));
    return heat({ width, height, pixels }, ofFrame, options);
  });
  const [{ width: wide, height: high }] = heated;
  const clip = { width: wide, height: high, frames: heated.map((frame) => frame.pixels) };
  return drawStrip(clip, { columns: COLUMNS });
}

/** The strip as a PNG file, and the clip as an animated WebP file; both mark what was given. */
export async function companionsOf(
  document: Uint8Array,
  given: number,
  fps: number,
): Promise<Companion[]> {
  const promptFrames = promptFramesOf(document, given);
  const animation = await animate(await framesOf(document), fps, promptFrames);
  return [
    { extension: '.png', mime: 'image/png', file: await stillOf(document, given) },
    { extension: '.webp', mime: 'image/webp', file: animation },
  ];
}

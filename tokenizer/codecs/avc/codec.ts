/** An AVC codec with its settings. It shows clips as strips of their frames and as animations. */
import { CodecLmError } from '../../../base/error.ts';
import type { CodecDefinition, OpenedCodec, PromptCut } from '../codec.ts';
import { parseAvcDocument } from './document.ts';
import { createAvcGrammar } from './grammar.ts';
import { partsOfAvc } from './parts.ts';
import { cutAfterFrames } from './prompt.ts';
import type { AvcSettings } from './settings.ts';
import { COLUMNS, stripSize } from './strip-size.ts';
import { syntaxOfAvc } from './syntax-map.ts';

/** Frames of a prompt (paper, section 4.2): ten are given, the model generates five. */
const PROMPT_FRAMES = 10;

/** @param ffmpeg the ffmpeg that encodes; see `findFfmpeg` */
export function openAvc(
  definition: CodecDefinition,
  settings: AvcSettings,
  ffmpeg?: string,
): OpenedCodec {
  const { width, height, frames, fps } = settings;
  return {
    definition,
    width,
    height,
    alphabet: 256,
    async encoder({ mayBeShort = false } = {}) {
      const { createAvcCodec } = await import('./encode.ts');
      return createAvcCodec(mayBeShort ? { ...settings, short: 'keep' } : settings, ffmpeg);
    },
    async view(document: Uint8Array) {
      const { toMp4 } = await import('./view.ts');
      return toMp4(document, fps);
    },
    check: (document: Uint8Array) => void parseAvcDocument(document),
    parts: partsOfAvc,
    syntax: syntaxOfAvc,
    grammar: () => createAvcGrammar({ width, height, frames }),
    defaultCut: { frames: Math.min(PROMPT_FRAMES, frames - 1) },
    cutOfShare: (share) => ({ frames: Math.floor(share * frames) }),
    cut: cutOf,
    // Annex B is a byte stream: players can play it while it arrives.
    preview: (beginning) => beginning,
    still: {
      ...stripSize(width, height, frames, COLUMNS),
      mime: 'image/png',
      isStrip: true,
      async draw(beginning: Uint8Array, given) {
        const { stillOf } = await import('./pictures.ts');
        return stillOf(beginning, given);
      },
      givenMark: 'Frames with an amber line below were given; the model wrote those without.',
      givenInWords: framesInWords,
    },
    async frames(document: Uint8Array) {
      const { framesOf } = await import('./view.ts');
      const { frames: decoded, ...size } = await framesOf(document);
      return decoded.map((pixels) => ({ width: size.width, height: size.height, pixels }));
    },
    async surprise(document: Uint8Array, byteBits) {
      const { surpriseOfAvc } = await import('./pictures.ts');
      return surpriseOfAvc(document, byteBits);
    },
    async heatScale(document: Uint8Array, byteBits) {
      const { bitsByMacroblock } = await import('./pictures.ts');
      return { hottest: Math.max(...bitsByMacroblock(document, byteBits)), part: 'macroblock' };
    },
    async companions(document: Uint8Array, given) {
      const { companionsOf } = await import('./pictures.ts');
      return companionsOf(document, given, fps);
    },
  };
}

/** `frames 1 to 10 of 15 given` */
function framesInWords(document: Uint8Array, given: number): string {
  const { frames } = parseAvcDocument(document);
  const count = frames.filter(({ end }) => end <= given).length;
  if (count === 0) return `no whole frame of ${frames.length} given`;
  return `${count === 1 ? 'frame 1' : `frames 1 to ${count}`} of ${frames.length} given`;
}

function cutOf(document: Uint8Array, cut: PromptCut): number {
  if ('frames' in cut) return cutAfterFrames(document, cut.frames).length;
  throw new CodecLmError('USAGE', 'a clip is cut between frames: use `cut.frames`');
}

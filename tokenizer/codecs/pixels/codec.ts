/** The codec of pixels with its settings. sharp is loaded when a file is read or a picture is drawn. */
import { CodecLmError } from '../../../base/error.ts';
import type { Symbols } from '../../alphabet.ts';
import { createFixedLengthGrammar } from '../../mask/fixed-length.ts';
import type { CodecDefinition, CodecTools, OpenedCodec, PromptCut } from '../codec.ts';
import { heat, hottestSymbol, pngOf, type Raster } from '../pictures/heat.ts';
import { mapOfBlocks } from '../syntax-map.ts';
import { clustersOfText, coloursOf, textOfClusters } from './clusters.ts';
import { encoderOf, learningOf } from './encode.ts';
import { readPalette } from './palette-file.ts';
import {
  DEFAULT_COLOURS,
  type KnownSettings,
  MOST_COLOURS,
  type PixelsSettings,
} from './settings.ts';

/** Colour of pixels that are not there yet. */
const GREY = 128;

/**
 * @param tools.clusters a file of colours to use
 * @throws CodecLmError `INPUT_NOT_FOUND`, `CONFIG_INVALID` for one that holds none, or not as many as asked for
 */
export async function openPixels(
  definition: CodecDefinition,
  asked: PixelsSettings,
  tools: CodecTools,
): Promise<OpenedCodec> {
  const { settings, clusters } = await withPalette(asked, tools.clusters);
  const { size, colours } = settings;
  const length = size * size;
  const check = (document: Symbols) => checkPixels(document, size, colours);
  const rasterOf = (document: Symbols): Raster => ({
    width: size,
    height: size,
    pixels: paint(document, coloursOf(clusters ?? missing()), length),
  });
  return {
    definition,
    settings,
    width: size,
    height: size,
    alphabet: colours,
    seqLen: length + 2,
    learning: clusters ? undefined : learningOf(settings),
    encoder: async () => encoderOf(settings, clusters ?? missing()),
    check,
    async view(document) {
      check(document);
      return pngOf(rasterOf(document));
    },
    parts(document) {
      check(document);
      return Array.from(document, (_, i) => ({ name: nameOf(i, size), end: i + 1 }));
    },
    syntax(document) {
      check(document);
      return mapOfBlocks('pixel', size, size);
    },
    grammar: () =>
      createFixedLengthGrammar({
        codec: definition.title,
        invalidCode: definition.invalidCode,
        alphabet: colours,
        length,
        describe: (place) => nameOf(place, size),
      }),
    defaultCut: { ratio: 0.5 },
    cutOfShare: (ratio) => ({ ratio }),
    cut: (document, cut) => cutOf(document, cut, size),
    still: {
      width: size,
      height: size,
      mime: 'image/png',
      isStrip: false,
      draw: async (beginning) => pngOf(rasterOf(beginning)),
    },
    async surprise(document, symbolBits) {
      check(document);
      const { hottest } = hottestSymbol(symbolBits, 'pixel');
      return pngOf(heat(rasterOf(document), symbolBits, { hottest, block: 1 }));
    },
    heatScale: async (_document, symbolBits) => hottestSymbol(symbolBits, 'pixel'),
    companions: async () => [],
  };
}

async function withPalette(
  asked: PixelsSettings,
  file: string | undefined,
): Promise<{ settings: KnownSettings; clusters?: Float32Array }> {
  if (file === undefined) {
    const settings = { ...asked, colours: asked.colours ?? DEFAULT_COLOURS };
    if (asked.clusters === undefined) return { settings };
    return { settings, clusters: clustersOfText(asked.clusters, settings.colours) };
  }
  const clusters = await readPalette(file);
  const found = clusters.length / 3;
  const isOther = asked.colours !== undefined && asked.colours !== found;
  if (isOther || found < 2 || found > MOST_COLOURS) {
    const wanted = isOther
      ? `${asked.colours} were asked for`
      : `a palette has 2 to ${MOST_COLOURS}`;
    throw new CodecLmError('CONFIG_INVALID', `${file} holds ${found} colours, ${wanted}`, {
      path: file,
      hint: isOther ? 'leave `colours` out: the file decides' : undefined,
    });
  }
  const settings = { ...asked, colours: found, clusters: textOfClusters(clusters) };
  return { settings, clusters };
}

function missing(): never {
  throw new CodecLmError('CONFIG_INVALID', 'Pixels clusters: no colours are known yet', {
    hint: 'give a file of them as `clusters`, as the dataset.json of a dataset that has learned some',
  });
}

/** The beginning of a document as RGB, 8 bits a sample: [length, 3]; the rest is grey. */
function paint(beginning: Symbols, colours: Uint8Array, length: number): Uint8Array {
  const pixels = new Uint8Array(3 * length).fill(GREY);
  for (const [i, symbol] of beginning.entries()) {
    pixels.set(colours.subarray(3 * symbol, 3 * symbol + 3), 3 * i);
  }
  return pixels;
}

function nameOf(place: number, size: number): string {
  return `row ${Math.floor(place / size)}, column ${place % size}`;
}

function checkPixels(document: Symbols, size: number, colours: number): void {
  const wrong = document.findIndex((symbol) => symbol >= colours);
  if (document.length === size * size && wrong < 0) return;
  const found =
    wrong < 0
      ? `it has ${document.length} pixels`
      : `pixel ${wrong} is colour ${document[wrong]} of ${colours}`;
  throw new CodecLmError('DOCUMENT_INVALID', `not an image of ${size}x${size} pixels: ${found}`);
}

/** Whole rows, rounded down. */
function cutOf(document: Symbols, cut: PromptCut, size: number): number {
  if (!('ratio' in cut)) {
    const how = 'frames' in cut ? 'frames' : 'markers';
    throw new CodecLmError('USAGE', `an image of pixels has no ${how}: cut it with \`cut.ratio\``);
  }
  const { ratio } = cut;
  if (!(ratio >= 0 && ratio <= 1)) {
    throw new CodecLmError('USAGE', `a share of rows is between 0 and 1; received ${ratio}`);
  }
  return Math.min(document.length, Math.floor(ratio * size) * size);
}

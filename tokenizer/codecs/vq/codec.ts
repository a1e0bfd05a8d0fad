/** The codec of VQ codes with its settings. The model is loaded when a file is read or a picture drawn. */
import { CodecLmError } from '../../../base/error.ts';
import { sharpVersions } from '../../../base/sharp.ts';
import { type Symbols, toSymbols } from '../../alphabet.ts';
import { createFixedLengthGrammar } from '../../mask/fixed-length.ts';
import type {
  CodecDefinition,
  CodecSettings,
  CodecTools,
  Encoder,
  OpenedCodec,
  PromptCut,
} from '../codec.ts';
import { heat, hottestSymbol, pngOf, type Raster } from '../pictures/heat.ts';
import { measureImage } from '../pictures/measure.ts';
import { pixelsOf } from '../pictures/source/baseline.ts';
import { mapOfBlocks } from '../syntax-map.ts';
import { Batches, batchFor } from './batches.ts';
import { folderOf, modelLoader, withModel } from './find.ts';
import type { VqModel } from './model.ts';
import type { ModelSettings, VqSettings } from './settings.ts';

/** See `Encoder.versions`. Version 2: images in batches of one shape. */
const RECIPE = '2';
/** Shade of the part of a picture that has no codes yet. */
const GREY = 128;

/**
 * @param tools.vq the model's folder; else the environment names it
 * @throws CodecLmError as `withModel`
 */
export async function openVq(
  definition: CodecDefinition,
  asked: VqSettings,
  tools: CodecTools,
): Promise<OpenedCodec> {
  const dir = folderOf(tools.vq);
  const settings = await withModel(asked, dir);
  const model = batched(modelLoader(settings.model, dir), settings);
  const { size, side, codes } = settings;
  const length = side * side;
  const block = size / side;
  const check = (document: Symbols) => checkCodes(document, side, codes);
  const rasterOf = async (beginning: Symbols): Promise<Raster> => {
    const whole = toSymbols(length, codes);
    whole.set(beginning);
    const pixels = await (await model()).decode(whole);
    hideFrom(pixels, beginning.length, { size, side });
    return { width: size, height: size, pixels };
  };
  return {
    definition,
    settings,
    width: size,
    height: size,
    alphabet: codes,
    seqLen: length + 2,
    encoder: async () => encoderOf(settings, await model()),
    check,
    async view(document) {
      check(document);
      return pngOf(await rasterOf(document));
    },
    parts(document) {
      check(document);
      return Array.from(document, (_, i) => ({ name: nameOf(i, side), end: i + 1 }));
    },
    syntax(document) {
      check(document);
      return mapOfBlocks('code', side, side);
    },
    grammar: () =>
      createFixedLengthGrammar({
        codec: definition.title,
        invalidCode: definition.invalidCode,
        alphabet: codes,
        length,
        describe: (place) => nameOf(place, side),
      }),
    defaultCut: { ratio: 0.5 },
    cutOfShare: (ratio) => ({ ratio }),
    cut: (document, cut) => cutOf(document, cut, side),
    still: {
      width: size,
      height: size,
      mime: 'image/png',
      isStrip: false,
      draw: async (beginning) => pngOf(await rasterOf(beginning)),
    },
    async surprise(document, symbolBits) {
      check(document);
      const { hottest } = hottestSymbol(symbolBits, 'code');
      return pngOf(heat(await rasterOf(document), symbolBits, { hottest, block }));
    },
    heatScale: async (_document, symbolBits) => hottestSymbol(symbolBits, 'code'),
    companions: async () => [],
  };
}

interface BatchedModel {
  versions: VqModel['versions'];
  encode(pixels: Uint8Array): Promise<Int32Array>;
  decode(codes: Symbols): Promise<Uint8Array>;
}

/** The model for one image at a time, of which those that come together are computed together. */
function batched(
  load: () => Promise<VqModel>,
  { size, side }: ModelSettings,
): () => Promise<BatchedModel> {
  let made: { of: VqModel; model: BatchedModel } | undefined;
  return async () => {
    const of = await load();
    if (made?.of === of) return made.model;
    const batch = batchFor(size, of.device);
    const encoding = new Batches<Uint8Array, Int32Array>(batch, (all) =>
      of.encode(all, size, size),
    );
    const decoding = new Batches<Symbols, Uint8Array>(batch, (all) => of.decode(all, side, side));
    const model: BatchedModel = {
      versions: of.versions,
      encode: (pixels) => encoding.add(pixels),
      decode: (codes) => decoding.add(codes),
    };
    made = { of, model };
    return model;
  };
}

function encoderOf(settings: ModelSettings, model: BatchedModel): Encoder {
  const { size, codes } = settings;
  const entries = Object.entries(settings).filter(([, value]) => value !== undefined);
  return {
    settings: Object.fromEntries(entries) as CodecSettings,
    versions: { ...sharpVersions(), ...model.versions, recipe: RECIPE },
    async encode(source, label) {
      const input = { ...settings, width: size, height: size };
      const pixels = await pixelsOf(source, label, input);
      const found = await model.encode(pixels);
      return { symbols: toSymbols(found, codes), width: size, height: size };
    },
    measure: (source, label, withLook) =>
      measureImage(source, label, { ...settings, width: size, height: size }, withLook),
  };
}

/** The decoder looks around: what it draws of codes that are not there is nobody's picture. */
function hideFrom(
  pixels: Uint8Array,
  known: number,
  { size, side }: { size: number; side: number },
): void {
  const block = size / side;
  for (let place = known; place < side * side; place++) {
    const [row, column] = [Math.floor(place / side), place % side];
    for (let y = row * block; y < (row + 1) * block; y++) {
      const start = 3 * (y * size + column * block);
      pixels.fill(GREY, start, start + 3 * block);
    }
  }
}

function nameOf(place: number, side: number): string {
  return `row ${Math.floor(place / side)}, column ${place % side}`;
}

function checkCodes(document: Symbols, side: number, codes: number): void {
  const wrong = document.findIndex((symbol) => symbol >= codes);
  if (document.length === side * side && wrong < 0) return;
  const found =
    wrong < 0
      ? `it has ${document.length}`
      : `code ${wrong} is number ${document[wrong]} of ${codes}`;
  throw new CodecLmError('DOCUMENT_INVALID', `not an image of ${side}x${side} codes: ${found}`);
}

/** Whole rows of codes, rounded down. */
function cutOf(document: Symbols, cut: PromptCut, side: number): number {
  if (!('ratio' in cut)) {
    const how = 'frames' in cut ? 'frames' : 'markers';
    throw new CodecLmError('USAGE', `an image of codes has no ${how}: cut it with \`cut.ratio\``);
  }
  const { ratio } = cut;
  if (!(ratio >= 0 && ratio <= 1)) {
    throw new CodecLmError('USAGE', `a share of rows is between 0 and 1; received ${ratio}`);
  }
  return Math.min(document.length, Math.floor(ratio * side) * side);
}

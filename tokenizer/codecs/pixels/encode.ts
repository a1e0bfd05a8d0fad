/** Image files to documents, and to what a palette is learned from. */
import { sharpVersions } from '../../../base/sharp.ts';
import { toSymbols } from '../../alphabet.ts';
import type { CodecSettings, Encoder } from '../codec.ts';
import type { Learning } from '../learning.ts';
import { measureImage } from '../pictures/measure.ts';
import { pixelsOf } from '../pictures/source/baseline.ts';
import { clustersOf, LEVELS, textOfClusters } from './clusters.ts';
import { ColourCounts, learnColours } from './learn.ts';
import { nearestOf } from './nearest.ts';
import { DEFAULT_SAMPLES, type KnownSettings } from './settings.ts';

/** See `Encoder.versions`. */
const RECIPE = '1';

/** @param clusters [colours, 3] */
export function encoderOf(settings: KnownSettings, clusters: Float32Array): Encoder {
  const { size, colours } = settings;
  const nearest = nearestOf(clusters);
  return {
    ...described(settings),
    async encode(source, label) {
      const pixels = await read(source, label, settings);
      const symbols = toSymbols(size * size, colours);
      for (let i = 0; i < symbols.length; i++) {
        const [r, g, b] = [pixels[3 * i], pixels[3 * i + 1], pixels[3 * i + 2]];
        symbols[i] = nearest(LEVELS[r], LEVELS[g], LEVELS[b]);
      }
      return { symbols, width: size, height: size };
    },
    measure: (source, label, withLook) =>
      measureImage(source, label, pictureOf(settings), withLook),
  };
}

/** How a palette is learned: of the pixels as they would be encoded. */
export function learningOf(settings: KnownSettings): Learning {
  const { size, colours, colourSamples = DEFAULT_SAMPLES } = settings;
  return {
    what: `${colours} colours`,
    samples: colourSamples,
    encoder: async () => ({
      ...described({ ...settings, colourSamples }),
      async encode(source, label) {
        return { symbols: await read(source, label, settings), width: size, height: size };
      },
      measure: (source, label, withLook) =>
        measureImage(source, label, pictureOf(settings), withLook),
    }),
    learner(seed) {
      const counts = new ColourCounts();
      return {
        add: ({ symbols }) => counts.add(symbols as Uint8Array),
        async finish() {
          const found = await learnColours(counts.list(), colours, seed);
          return { clusters: textOfClusters(clustersOf(found)) };
        },
      };
    },
  };
}

function read(source: Uint8Array, label: string, settings: KnownSettings) {
  return pixelsOf(source, label, pictureOf(settings));
}

function pictureOf({ size, ...settings }: KnownSettings) {
  return { ...settings, width: size, height: size };
}

function described(settings: KnownSettings): Pick<Encoder, 'settings' | 'versions'> {
  const entries = Object.entries(settings).filter(([, value]) => value !== undefined);
  return {
    settings: Object.fromEntries(entries) as CodecSettings,
    versions: { ...sharpVersions(), recipe: RECIPE },
  };
}

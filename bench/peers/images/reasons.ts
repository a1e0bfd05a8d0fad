/** Why a file's result is not Pillow's: for bench/peers/images/compare.ts and the table of docs/jpeg.md. */

/** The message of Pillow about a file. */
export interface Theirs {
  error?: string;
  format: string;
  mode: string;
  frames: number;
  transparency: boolean;
  width: number;
  height: number;
}

/** One file whose results are not the same. */
export interface Difference {
  file: string;
  kind: 'pixels' | 'only Pillow reads it' | 'only we read it';
  theirs: Theirs;
  /** Largest difference of a sample, share of the pixels that differ, PSNR in dB. */
  worst?: number;
  share?: number;
  psnr?: number;
  code?: string;
  message?: string;
}

interface Rule {
  reason: string;
  fits(difference: Difference): boolean;
}

const isPixels = ({ kind }: Difference) => kind === 'pixels';
const isOnlyPillow = ({ kind }: Difference) => kind === 'only Pillow reads it';
const isOnlyOurs = ({ kind }: Difference) => kind === 'only we read it';
const says = (pattern: RegExp) => (difference: Difference) =>
  isOnlyPillow(difference) && pattern.test(difference.message ?? '');

/** The first that fits is told. */
const RULES: readonly Rule[] = [
  {
    reason: '16-bit grey: Pillow clips at 255 (mostly white), here the upper 8 bits are kept',
    fits: ({ kind, theirs }) => kind === 'pixels' && theirs.mode.startsWith('I;16'),
  },
  {
    reason:
      'CMYK: libvips converts by its built-in press profile, Pillow by 255 minus ink (docs: CMYK)',
    fits: ({ kind, theirs }) => kind === 'pixels' && theirs.mode === 'CMYK',
  },
  {
    reason: 'the orientation stands in XMP or in a text chunk, where libvips does not look',
    fits: ({ file, kind }) => kind === 'pixels' && /orientation/.test(file),
  },
  {
    reason: 'AVIF and HEIC: other interpolation of the chroma between pixels, other rounding',
    fits: (it) => isPixels(it) && /^(AVIF|HEIF)$/.test(it.theirs.format),
  },
  {
    reason:
      'associated alpha: Pillow keeps 8 bits before it divides by alpha, libvips divides and then rounds',
    fits: (it) => isPixels(it) && it.theirs.format === 'TIFF' && it.theirs.mode === 'RGBA',
  },
  {
    reason: 'a GIF without any palette: readers have palettes of their own choice',
    fits: (it) => isPixels(it) && it.theirs.format === 'GIF' && it.theirs.mode === 'L',
  },
  {
    reason: 'a damaged bitmap (of the bmpsuite): its runs are cut otherwise',
    fits: ({ file, kind }) => kind === 'pixels' && /badrle\.bmp$/.test(file),
  },
  {
    reason: 'a form of bitmap that Pillow does not read',
    fits: (it) => isOnlyOurs(it) && it.file.endsWith('.bmp'),
  },
  {
    reason:
      'damage, or a limit, that Pillow refuses and the decoder does not see (past the pixels)',
    fits: (it) => isOnlyOurs(it) && it.file.endsWith('.png'),
  },
  {
    reason: 'compressions that this build of Pillow lacks, or refuses where a tile is damaged',
    fits: (it) => isOnlyOurs(it) && /\.tiff?$/.test(it.file),
  },
  { reason: 'formats that are not read', fits: says(/which the libvips inside sharp cannot read/) },
  { reason: 'formats that are not read (without a signature)', fits: says(/of a known format/) },
  {
    reason: 'TIFF: features that libvips or its libtiff lacks',
    fits: (it) =>
      says(/needs something|cannot read|takes for RGB/)(it) && /TIFF/.test(it.theirs.format),
  },
  { reason: 'HEIC without libheif-js', fits: says(/HEVC/) },
  {
    reason: 'samples of a range that is not known (signed, 32 bits, floating point)',
    fits: says(/whose range nobody knows/),
  },
  {
    reason:
      'the decoder warns of damage, which counts as damage (--fail-on truncated lets it through)',
    fits: (it) => isOnlyPillow(it) && it.code === 'IMAGE_CORRUPT',
  },
  {
    reason: 'more pixels than the limit',
    fits: (it) => isOnlyPillow(it) && it.code === 'IMAGE_TOO_LARGE',
  },
  { reason: 'SVG or other text', fits: says(/not a picture/) },
];

const UNKNOWN = 'REASON NOT KNOWN';

export const reasonFor = Object.assign(
  (difference: Difference): string => RULES.find(({ fits }) => fits(difference))?.reason ?? UNKNOWN,
  { unknown: UNKNOWN },
);

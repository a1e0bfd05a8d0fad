/** Turns errors of sharp into CodecLmErrors that name the file and say what to do. */
import { CodecLmError, type ErrorCode, messageOf } from '../../../base/error.ts';
import { formatName } from './source/name.ts';

interface Rule {
  pattern: RegExp;
  code: ErrorCode;
  what: string;
  hint?: string;
}

type Verdict = Omit<Rule, 'pattern'>;

/** Hint for formats that no decoder here reads. */
export const CONVERT =
  'convert it first, for example with ImageMagick: magick IN OUT.png, or with Pillow: Image.open(IN).save("OUT.png")';

/**
 * The first rule that matches the whole message applies. These are messages of sharp itself: they
 * are about this file, whatever else is being read.
 */
const OF_SHARP: readonly Rule[] = [
  {
    pattern: /^Input image exceeds (pixel|channel) limit$/,
    code: 'IMAGE_TOO_LARGE',
    what: 'is too large',
    hint: 'raise `maxPixels` if the file is to be trusted',
  },
  {
    pattern: /^Input SVG image exceeds/,
    code: 'IMAGE_TOO_LARGE',
    what: 'is too large for its format',
  },
  {
    pattern: /^Input buffer contains unsupported image format$/,
    code: 'IMAGE_UNSUPPORTED',
    what: 'is not an image of a known format',
  },
];

/**
 * The next rules match messages of libvips and its libraries about formats and features that they
 * were built without. libvips collects its messages in one buffer for the whole process, so these
 * rules apply only when the message is known to be about this file (`alone.ts`).
 */
const LACKING: readonly Rule[] = [
  // A JPEG with a height of 0 promises the height later (DNL); in practice it is damaged.
  { pattern: /Empty JPEG image/, code: 'IMAGE_CORRUPT', what: 'is damaged' },
  {
    ...lack(
      /HEVC/,
      'is coded as HEVC (a HEIC photograph), for which the libvips inside sharp has no decoder and the optional package libheif-js is not installed',
    ),
    hint: 'npm install libheif-js, or convert it first: heif-convert IN.heic OUT.jpg',
  },
  lack(/bad labq format/, 'has CIELAB colours of 8 bits, which libvips cannot read'),
  lack(/no known route from 'multiband'/, 'has colours of a kind that libvips cannot convert'),
  lack(/samples out of range/, 'has samples of 64 bits or complex ones, which libvips cannot read'),
  lack(
    /samples_per_pixel not a whole number/,
    'has samples of a depth that libvips cannot read (for example 12 bits)',
  ),
  lack(/Unsupported marker type 0xf7/, 'is a JPEG-LS file, for which there is no decoder'),
  lack(/JPEG data precision/, 'has a depth that the JPEG decoder inside sharp cannot read'),
  lack(/separate planes/, 'has its colours in separate planes of tiles, which libvips cannot read'),
  lack(
    /not configured|not been built in|(?:not|un)[ -]?(?:supported|implemented)|no known route/i,
    'needs something that the libvips inside sharp lacks',
  ),
];

function lack(pattern: RegExp, what: string): Rule {
  return { pattern, code: 'IMAGE_UNSUPPORTED', what, hint: CONVERT };
}

const TIMEOUT: Verdict = {
  code: 'IMAGE_TIMEOUT',
  what: 'took too long',
  hint: 'raise `timeoutSeconds` if the file is to be trusted',
};

const CORRUPT: Verdict = {
  code: 'IMAGE_CORRUPT',
  what: 'is damaged',
  hint: 'with `failOn: truncated`, damage that a decoder only warns of is let through',
};

export interface Circumstances {
  /** The file's name. */
  readonly label: string;
  readonly source: Uint8Array;
  /**
   * Whether the time limit has passed; if not, a message about a timeout belongs to another image.
   */
  readonly isOverdue?: boolean;
  /** Whether the message may be about another file that failed at the same moment. */
  readonly isDoubtful?: boolean;
}

/** @returns an `IMAGE_*` error; a CodecLmError is returned unchanged */
export function imageError(
  error: unknown,
  { label, source, isOverdue = false, isDoubtful = false }: Circumstances,
): CodecLmError {
  if (error instanceof CodecLmError) return error;
  const said = messageOf(error);
  const message = shortened(said);
  const details = { cause: error, path: label };
  const name = said.startsWith('Input buffer contains unsupported')
    ? formatName(source)
    : undefined;
  if (name !== undefined) {
    const what = `${label} is ${name}, which the libvips inside sharp cannot read: ${message}`;
    return new CodecLmError('IMAGE_UNSUPPORTED', what, { ...details, hint: CONVERT });
  }
  if (isDoubtful) {
    const what = `${label} could not be read; the cause may be that of another file: ${message}`;
    return new CodecLmError('IMAGE_CORRUPT', what, details);
  }
  const { code, what, hint } = classify(said, isOverdue);
  return new CodecLmError(code, `${label} ${what}: ${message}`, { ...details, hint });
}

/** Whether the error is certainly about the file that was being read when it was thrown. */
export function isOwn(error: unknown, isOverdue: boolean): boolean {
  if (error instanceof CodecLmError) return true;
  const message = messageOf(error);
  return isTimeout(message, isOverdue) || OF_SHARP.some(({ pattern }) => pattern.test(message));
}

function classify(message: string, isOverdue: boolean): Verdict {
  if (isTimeout(message, isOverdue)) return TIMEOUT;
  return [...OF_SHARP, ...LACKING].find(({ pattern }) => pattern.test(message)) ?? CORRUPT;
}

function isTimeout(message: string, isOverdue: boolean): boolean {
  return isOverdue && (message === '' || message.includes('timeout:'));
}

const MAX_LINES = 4;
const MAX_LENGTH = 500;

/**
 * Prefix that sharp puts before the message of libvips. It is removed, because most headers that
 * libvips cannot read are not corrupt.
 */
const HEADLINE = /^Input (buffer|file) has corrupt header: /;

/** Compression schemes of TIFF for which libtiff prints only a number. */
const SCHEMES: Readonly<Record<string, string>> = {
  32809: 'ThunderScan',
  33003: 'JPEG 2000',
  33005: 'JPEG 2000',
  34661: 'JBIG',
  34712: 'JPEG 2000',
  34892: 'lossy JPEG of DNG',
  34933: 'PNG',
  34934: 'JPEG XR',
  50002: 'JPEG XL',
  52546: 'JPEG XL',
};

function withName(line: string): string {
  return line.replace(/Compression scheme (\d+)/, (text, number) =>
    SCHEMES[number] ? `${text} (${SCHEMES[number]})` : text,
  );
}

/** Lines about an unsuccessful seek that come before the actual error. */
const NOISE = /: bad seek to \d+$/;

/**
 * Shortens a message: libvips writes a line for each problem, and may write hundreds, mostly the
 * same.
 */
function shortened(message: string): string {
  const all = [
    ...new Set(
      message
        .replace(HEADLINE, '')
        .split('\n')
        .map((line) => line.trim()),
    ),
  ]
    .filter(Boolean)
    .map(withName);
  const telling = all.filter((line) => !NOISE.test(line));
  const lines = telling.length > 0 ? telling : all;
  const line = lines.slice(0, MAX_LINES).join('; ');
  return line.length > MAX_LENGTH ? `${line.slice(0, MAX_LENGTH)}…` : line;
}

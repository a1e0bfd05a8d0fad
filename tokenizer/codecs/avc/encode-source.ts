/** A document of an opened video: from its beginning, or from a time in it. */
import { CodecLmError, messageOf } from '../../../base/error.ts';
import type { Document } from '../codec.ts';
import { parseAvcDocument } from './document.ts';
import { encodingOptions, PICTURE_OPTIONS, type Taking } from './ffmpeg/command.ts';
import type { RunOptions, VideoSource } from './ffmpeg/source.ts';
import type { AvcSettings } from './settings.ts';

type Clip = Document<Uint8Array>;

/** Largest coded frame of a source. */
const MAX_PACKET_BYTES = 2 ** 28;

interface Encoded {
  bytes: Buffer;
  /** Complaints of the decoder. */
  said: string;
  /** Number of frames. */
  found: number;
}

/**
 * @param isOneOfMany see {@link checked}
 * @throws CodecLmError `VIDEO_*`; `TOOL_MISSING`, `TOOL_FAILED` when the file is not the cause
 */
export async function encodeBeginning(
  source: VideoSource,
  settings: AvcSettings,
  isOneOfMany = false,
): Promise<Clip> {
  const { frames, short } = settings;
  let encoded = await encode(source, settings);
  if (encoded.found < 2 && encoded.found < frames && encoded.said === '') {
    // ffmpeg treats the cover picture of a piece of music as a video stream with at most one
    // frame.
    await source.run(PICTURE_OPTIONS, { limits: { maxOutputBytes: MAX_PACKET_BYTES } });
    const isEnough = short === 'keep' || frames === 1;
    if (encoded.found === 0 && isEnough) encoded = await encode(source, settings, { isKept: true });
  }
  return checked(encoded, source, settings, isOneOfMany);
}

/**
 * The document whose first frame is the first one at `start` or later, whatever the place of key frames.
 * @param start microseconds from the beginning, above 0
 * @throws CodecLmError like {@link encodeBeginning}
 */
export async function encodeLater(
  source: VideoSource,
  settings: AvcSettings,
  start: number,
): Promise<Clip> {
  if (source.hasIndex) {
    const sought = await encode(source, settings, { isLater: true }, { seek: start }).catch(blamed);
    if (sought?.said === '') return checked(sought, source, settings, true);
  }
  // A format without an index may be entered between key frames, and a decoder complains of frames that
  // lie before the place it was sent to: decoding everything before is exact, and says what is damaged.
  const decoded = await encode(source, settings, { isLater: true, skipped: start });
  return checked(decoded, source, settings, true);
}

/** @throws the error, unless the file is to blame; what took too long would take longer from the beginning */
function blamed(error: unknown): undefined {
  const isInput = error instanceof CodecLmError && error.scope === 'input';
  if (isInput && error.code !== 'VIDEO_TIMEOUT') return undefined;
  throw error;
}

async function encode(
  source: VideoSource,
  settings: AvcSettings,
  taking?: Taking,
  options?: RunOptions,
): Promise<Encoded> {
  const { bytes, said } = await source.run(encodingOptions(settings, taking), options);
  return { bytes, said, found: framesIn(bytes, source.label) };
}

/** @throws CodecLmError `VIDEO_UNSUPPORTED` when the output of ffmpeg is not a document */
function framesIn(bytes: Uint8Array, label: string): number {
  if (bytes.length === 0) return 0;
  try {
    return parseAvcDocument(bytes).frames.length;
  } catch (cause) {
    const message = `${label} becomes no document: ${messageOf(cause)}`;
    throw new CodecLmError('VIDEO_UNSUPPORTED', message, { path: label, cause });
  }
}

/**
 * @param isOneOfMany whether it is a clip of several. One that damage has cut short is damaged then: only
 *   the end of a whole video says that no later clip can be there
 * @throws CodecLmError `VIDEO_CORRUPT`, `VIDEO_TOO_SHORT`, depending on the settings
 */
function checked(
  { found, said, bytes }: Encoded,
  { label }: VideoSource,
  { frames, short, damaged, width, height }: AvcSettings,
  isOneOfMany: boolean,
): Clip {
  const isCut = found < frames && short === 'refuse' && isOneOfMany;
  if (said !== '' && (damaged === 'refuse' || found === 0 || isCut)) {
    throw new CodecLmError('VIDEO_CORRUPT', `${label} is damaged: ${said}`, {
      path: label,
      hint: 'with `damaged: keep`, the frames that the decoder could recover are used',
    });
  }
  if (found > frames) throw new CodecLmError('INTERNAL', `${label}: ${found} frames encoded`);
  if (found < frames && (short === 'refuse' || found === 0)) {
    throw new CodecLmError('VIDEO_TOO_SHORT', `${label} gives ${found} of ${frames} frames`, {
      path: label,
      hint: 'ask for fewer `frames`, or keep what is there by `short: keep`',
    });
  }
  return { symbols: bytes, width, height };
}

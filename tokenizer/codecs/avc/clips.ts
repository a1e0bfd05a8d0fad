/** Documents from the middle of a video, and the survey that finds its cuts. */
import { CodecLmError, messageOf } from '../../../base/error.ts';
import type { ClipEncoder, SurveyOptions } from '../codec.ts';
import { encodeBeginning, encodeLater } from './encode-source.ts';
import { surveyOptions } from './ffmpeg/command.ts';
import type { Ffmpeg } from './ffmpeg/find.ts';
import { FrameLines } from './ffmpeg/frame-lines.ts';
import { type VideoSource, withSource } from './ffmpeg/source.ts';
import type { AvcSettings } from './settings.ts';

/** Longest survey, whatever the patience: timers take no more than 24 days. */
const MAX_SURVEY_SECONDS = 7 * 86_400;

export function clipEncoderOf(settings: AvcSettings, ffmpeg: Ffmpeg): ClipEncoder<Uint8Array> {
  const { frames, fps, short } = settings;
  return {
    length: Math.ceil((frames * 1e6) / fps),
    mayBeShort: short === 'keep',
    encode: (file, label, start) =>
      withSource(file, label, settings, ffmpeg, (source) => encodeAt(source, settings, start)),
    survey: (file, label, options) =>
      withSource(file, label, settings, ffmpeg, (source) =>
        survey(source, settings, ffmpeg, options),
      ),
  };
}

async function encodeAt(source: VideoSource, settings: AvcSettings, start: number) {
  try {
    if (start === 0) return await encodeBeginning(source, settings, true);
    return await encodeLater(source, settings, start);
  } catch (error) {
    if (!(error instanceof CodecLmError) || error.code !== 'VIDEO_TOO_SHORT') throw error;
    const { message, path, hint } = error;
    throw new CodecLmError('CLIP_TOO_SHORT', message, { cause: error, path, hint });
  }
}

async function survey(
  source: VideoSource,
  { timeoutSeconds, damaged }: AvcSettings,
  ffmpeg: Ffmpeg,
  { onFrame, patience }: SurveyOptions,
): Promise<CodecLmError | undefined> {
  const seconds = Math.min(timeoutSeconds * patience, MAX_SURVEY_SECONDS);
  let count = 0;
  let isEnough = false;
  const lines = new FrameLines((frame) => {
    count++;
    isEnough = !onFrame(frame);
    return !isEnough;
  });
  const limits = {
    timeoutSeconds: seconds,
    cpuSeconds: seconds + 1,
    onOutput: (chunk: Buffer) => lines.add(chunk),
  };
  try {
    const { said } = await source.run(surveyOptions(ffmpeg), { limits });
    // Damage behind the last frame that was wanted says nothing, whether ffmpeg came to it or not.
    if (isEnough || said === '' || (damaged === 'keep' && count > 0)) return undefined;
    return new CodecLmError('VIDEO_CORRUPT', `${source.label} is damaged: ${said}`, {
      path: source.label,
      hint: 'with `damaged: keep`, the frames that the decoder could recover are used',
    });
  } catch (error) {
    // What was seen before a limit depends on the machine; what was seen before damage does not.
    if (!(error instanceof CodecLmError) || error.code !== 'VIDEO_CORRUPT' || count === 0) {
      throw error;
    }
    if (isEnough) return undefined;
    const message = messageOf(error);
    return new CodecLmError('VIDEO_CORRUPT', message, { cause: error, path: source.label });
  }
}

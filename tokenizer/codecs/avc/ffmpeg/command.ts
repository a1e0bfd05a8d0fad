/** The ffmpeg command lines: a video to Annex B by the paper's settings, and back to files and pixels. */
import type { AvcSettings } from '../settings.ts';
import type { Ffmpeg } from './find.ts';

/**
 * Demuxers that read one file and nothing else. Playlists and lists of files (hls, dash,
 * concat, image2 …) are not among them, nor are single images.
 */
const DEMUXERS =
  'mov,matroska,webm,avi,mpegts,mpegtsraw,mpeg,mpegvideo,flv,live_flv,ogg,asf,gif,ivf,h264,hevc,m4v,vc1,' +
  'yuv4mpegpipe,nut,mxf,gxf,wtv,rm,dv,h263,h261,av1,obu,cavsvideo,dirac,nsv,amv,mjpeg,mpjpeg';

/** The largest block ffmpeg may allocate at once: a raw frame of 8192x8192 in 16 bits, with room. */
const MAX_ALLOC = 2 ** 29;

/**
 * Before `-i` of an untrusted file. One thread: what a decoder makes of a damaged file
 * depends on how many it has, and the other processors have files of their own.
 * @param protocols that the file, and what it refers to, may be opened by
 * @param demuxer where ffmpeg is not to choose by itself
 */
export function untrustedInput(protocols: readonly string[], demuxer?: string): string[] {
  return [
    ...['-hide_banner', '-loglevel', 'error', '-max_alloc', String(MAX_ALLOC)],
    ...['-protocol_whitelist', protocols.join(','), '-format_whitelist', DEMUXERS],
    ...['-threads', '1'],
    ...(demuxer ? ['-f', demuxer] : []),
  ];
}

/**
 * After `-i`: all that decides the bytes (paper, appendix D), to Annex B on a pipe.
 * @param isKept whether the last frame is taken though it lasts less than half of one; the paper's
 *   command leaves it out, and nothing is left of a video of one frame
 */
export function encodingOptions(settings: AvcSettings, isKept = false): string[] {
  const { profile, qp } = settings;
  const isPaper = profile === 'paper';
  const rate = `fps=${settings.fps}${isKept ? ':eof_action=pass' : ''}`;
  return [
    ...['-vf', `${rate},${isPaper ? paperFilter(settings) : reproducibleFilter(settings)}`],
    ...['-t', duration(settings), ...frameLimit(settings)],
    ...'-c:v libx264 -pix_fmt yuv420p -profile:v baseline'.split(' '),
    ...['-qp', String(qp), '-bf', '0', '-an', '-sn'],
    ...['-x264opts', isPaper ? 'slice-max-mbs=1' : 'slice-max-mbs=1:cpu-independent=1'],
    ...'-trellis 0 -me_method dia -threads 1 -subq 0 -psy 0 -mixed-refs 0'.split(' '),
    ...'-fast-pskip 0 -partitions none -refs 3'.split(' '),
    ...(isPaper ? ['-bsf:v', 'h264_mp4toannexb'] : reproducibleTags()),
    ...['-f', 'h264'],
  ];
}

function paperFilter({ width, height }: AvcSettings): string {
  const size = `${width}:${height}`;
  return `scale=${size}:force_original_aspect_ratio=decrease, pad=${size}:(ow-iw)/2:(oh-ih)/2`;
}

/**
 * Arithmetic in place of what the processor is fastest at. A source whose samples are not square
 * (`sar`, 1 where it is not known) is scaled to the shape that it is shown in; for one with square
 * samples these are the sides that `force_original_aspect_ratio=decrease` gives.
 */
function reproducibleFilter({ width, height }: AvcSettings): string {
  const shownWidth = `max(1,min(${width},round(${height}*iw*sar/ih)))`;
  const shownHeight = `max(1,min(${height},round(${width}*ih/(iw*sar))))`;
  const flags = 'flags=bicubic+accurate_rnd+full_chroma_int+bitexact';
  return `scale=w='${shownWidth}':h='${shownHeight}':${flags},pad=${width}:${height}:(ow-iw)/2:(oh-ih)/2,setsar=1`;
}

/** ffmpeg 5 copies the source's colour description into the SPS, and the SEI (type 6) names versions. */
function reproducibleTags(): string[] {
  return [
    ...'-color_primaries unknown -color_trc unknown -colorspace unknown'.split(' '),
    ...['-color_range', 'unknown', '-bsf:v', 'filter_units=remove_types=6'],
  ];
}

/** Seconds, with the microseconds that ffmpeg reads, rounded up. */
function duration({ frames, fps }: AvcSettings): string {
  return String(Math.ceil((frames * 1e6) / fps) / 1e6);
}

/** Where the duration had to be rounded it may let one frame more through. */
function frameLimit({ frames, fps }: AvcSettings): string[] {
  return Number.isInteger((frames * 1e6) / fps) ? [] : ['-frames:v', String(frames)];
}

/** Before `-i` of a document: without a rate ffmpeg takes a stream of frames for 25 a second. */
export function documentInput(fps: number): string[] {
  return ['-hide_banner', '-loglevel', 'error', '-r', String(fps), '-f', 'h264'];
}

/** Annex B in an MP4 file, the index first: nothing is encoded again. */
export const MP4_OPTIONS = [...'-c copy -movflags +faststart -fflags +bitexact -f mp4'.split(' ')];

/**
 * The samples of an MP4 file as they lie in it: each NAL unit behind its length. ffmpeg's own way to
 * Annex B (h264_mp4toannexb) adds parameter sets, where is another matter from version to version.
 */
export const SAMPLES_OPTIONS = '-c copy -f rawvideo'.split(' ');

/** Every frame as RGB, 8 bits a sample: none left out, none doubled. */
export function rgbOptions({ frameSync }: Pick<Ffmpeg, 'frameSync'>): string[] {
  return [frameSync, ...'passthrough -pix_fmt rgb24 -f rawvideo'.split(' ')];
}

/** Of a file of unknown content: a frame, if there is a video stream that is no attached picture (`V`). */
export const PICTURE_OPTIONS = '-map 0:V:0 -c copy -frames:v 1 -f rawvideo'.split(' ');

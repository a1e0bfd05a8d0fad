/**
 * The ffmpeg command lines: they convert a video to Annex B by the paper's settings, and a document
 * back to files and pixels.
 */
import type { AvcSettings } from '../settings.ts';
import type { Ffmpeg } from './find.ts';

/**
 * Demuxers that read one file and nothing else. They exclude playlists and lists of files (hls,
 * dash, concat, image2 …) and single images.
 */
const DEMUXERS =
  'mov,matroska,webm,avi,mpegts,mpegtsraw,mpeg,mpegvideo,flv,live_flv,ogg,asf,gif,ivf,h264,hevc,m4v,vc1,' +
  'yuv4mpegpipe,nut,mxf,gxf,wtv,rm,dv,h263,h261,av1,obu,cavsvideo,dirac,nsv,amv,mjpeg,mpjpeg';

/**
 * Largest block that ffmpeg may allocate at once: more than a raw frame of 8192x8192 in 16 bits.
 */
const MAX_ALLOC = 2 ** 29;

/**
 * Options before `-i` of an untrusted file. They ask for one thread, because the frames that a
 * decoder recovers from a damaged file depend on the number of threads, and the other processors
 * work on other files.
 * @param protocols the protocols by which the file, and files that it refers to, may be opened
 * @param demuxer overrides the demuxer that ffmpeg would choose
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
 * Options after `-i`: everything that decides the bytes (paper, appendix D), with Annex B output on
 * a pipe.
 * @param isKept whether to keep a last frame that lasts less than half a frame period; the paper's
 *   command drops it, so that a video of one frame becomes empty
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
 * Uses exact arithmetic instead of the fastest code for the processor. A source whose samples are
 * not square (`sar`, 1 if unknown) is scaled to the shape in which it is shown. For square samples
 * this gives the same size as `force_original_aspect_ratio=decrease`.
 */
function reproducibleFilter({ width, height }: AvcSettings): string {
  const shownWidth = `max(1,min(${width},round(${height}*iw*sar/ih)))`;
  const shownHeight = `max(1,min(${height},round(${width}*ih/(iw*sar))))`;
  const flags = 'flags=bicubic+accurate_rnd+full_chroma_int+bitexact';
  return `scale=w='${shownWidth}':h='${shownHeight}':${flags},pad=${width}:${height}:(ow-iw)/2:(oh-ih)/2,setsar=1`;
}

/**
 * ffmpeg 5 copies the colour description of the source into the SPS, and the SEI (type 6) names
 * versions; these options remove both.
 */
function reproducibleTags(): string[] {
  return [
    ...'-color_primaries unknown -color_trc unknown -colorspace unknown'.split(' '),
    ...['-color_range', 'unknown', '-bsf:v', 'filter_units=remove_types=6'],
  ];
}

/** Duration in seconds, rounded up to the microseconds that ffmpeg reads. */
function duration({ frames, fps }: AvcSettings): string {
  return String(Math.ceil((frames * 1e6) / fps) / 1e6);
}

/** A duration that was rounded up may let one more frame through; this option limits the count. */
function frameLimit({ frames, fps }: AvcSettings): string[] {
  return Number.isInteger((frames * 1e6) / fps) ? [] : ['-frames:v', String(frames)];
}

/** Options before `-i` of a document: without a rate, ffmpeg assumes 25 frames per second. */
export function documentInput(fps: number): string[] {
  return ['-hide_banner', '-loglevel', 'error', '-r', String(fps), '-f', 'h264'];
}

/** Copies Annex B into an MP4 file, index first; nothing is encoded again. */
export const MP4_OPTIONS = [...'-c copy -movflags +faststart -fflags +bitexact -f mp4'.split(' ')];

/**
 * Copies the samples of an MP4 file as they are stored, each NAL unit behind its length. ffmpeg's
 * own conversion to Annex B (h264_mp4toannexb) adds parameter sets, at places that differ between
 * versions.
 */
export const SAMPLES_OPTIONS = '-c copy -f rawvideo'.split(' ');

/** Decodes every frame as RGB, 8 bits per sample; no frame is dropped or doubled. */
export function rgbOptions({ frameSync }: Pick<Ffmpeg, 'frameSync'>): string[] {
  return [frameSync, ...'passthrough -pix_fmt rgb24 -f rawvideo'.split(' ')];
}

/**
 * For a file of unknown content: copies one frame if there is a video stream that is not an
 * attached picture (`V`).
 */
export const PICTURE_OPTIONS = '-map 0:V:0 -c copy -frames:v 1 -f rawvideo'.split(' ');

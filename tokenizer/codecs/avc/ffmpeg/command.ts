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

/** How a document is taken from its source. */
export interface Taking {
  /**
   * Whether to keep a last frame that lasts less than half a frame period; the paper's command drops
   * it, so that a video of one frame becomes empty.
   */
  isKept?: boolean;
  /** Whether it begins later in the source: time 0 is its beginning, whenever its first frame comes. */
  isLater?: boolean;
  /** Microseconds of the source that are decoded and left out, where nothing was sought. */
  skipped?: number;
}

/**
 * Options after `-i`: everything that decides the bytes (paper, appendix D), with Annex B output on
 * a pipe.
 */
export function encodingOptions(settings: AvcSettings, taking: Taking = {}): string[] {
  const { profile, qp } = settings;
  const isPaper = profile === 'paper';
  const filter = isPaper ? paperFilter(settings) : reproducibleFilter(settings);
  return [
    ...['-vf', `${rateOf(settings, taking)},${filter}`],
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

/**
 * The frames at the wanted rate. For a later document the filter counts from its beginning, so that a frame
 * that comes late is shown from there on. Times change only behind the filter: before ffmpeg 5 the end of the
 * stream kept its time when `setpts` moved the frames, and the last one was repeated until then.
 */
function rateOf({ fps }: AvcSettings, { isKept, isLater, skipped = 0 }: Taking): string {
  const end = isKept ? ':eof_action=pass' : '';
  if (skipped === 0) return `fps=${fps}${isLater ? ':start_time=0' : ''}${end}`;
  const start = inSeconds(skipped);
  return `trim=start=${start},fps=${fps}:start_time=${start}${end},setpts=PTS-STARTPTS`;
}

/** Microseconds as ffmpeg reads a duration exactly. */
function inSeconds(microseconds: number): string {
  return (microseconds / 1e6).toFixed(6);
}

/**
 * Options before `-i`: frames before this time are not given on. Times count from the beginning of the
 * file, and the file is decoded from the key frame before.
 */
export function seekTo(microseconds: number): string[] {
  return ['-ss', inSeconds(microseconds)];
}

/**
 * Options after `-i` that print the time of every frame in microseconds, and how much it differs from the
 * one before (`scene` of the filter `select`), and make nothing. `pts_time` has six digits in
 * ffmpeg 5.1, a hundredth of a second after 20 minutes (findings/ffmpeg-pts-time-digits.sh); `pts` is exact.
 */
export function surveyOptions({ frameSync }: Pick<Ffmpeg, 'frameSync'>): string[] {
  const filter = 'settb=1/1000000,select=gte(scene\\,0),metadata=mode=print:file=-';
  return [
    '-vf',
    filter,
    ...'-an -sn -dn'.split(' '),
    frameSync,
    ...'passthrough -f null'.split(' '),
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

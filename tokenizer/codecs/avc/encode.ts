/** Encodes a video file as the canonical bytes of a document: one ffmpeg process per file. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { z } from 'zod';
import { writeError } from '../../../base/file-error.ts';
import type { ClipEncoder, Document, Encoder, FileSpan } from '../codec.ts';
import { parseSettings } from '../define.ts';
import { clipEncoderOf } from './clips.ts';
import { encodeBeginning } from './encode-source.ts';
import { type Ffmpeg, findFfmpeg, warningOf } from './ffmpeg/find.ts';
import { withFolder } from './ffmpeg/scratch.ts';
import { withSource } from './ffmpeg/source.ts';
import { avcSettingsSchema } from './settings.ts';

/**
 * See `Encoder.versions`. Version 2 of `reproducible` keeps the shape of sources whose samples are
 * not square.
 */
const RECIPES = { paper: '1', reproducible: '2' } as const;

type Clip = Document<Uint8Array>;

export interface AvcEncoder extends Encoder<Uint8Array> {
  encodeFile(file: FileSpan, label: string): Promise<Clip>;
  readonly clips: ClipEncoder<Uint8Array>;
  readonly ffmpeg: Ffmpeg;
}

/**
 * @param named the ffmpeg to use; see {@link findFfmpeg}
 * @throws CodecLmError `CONFIG_INVALID` that names the setting; `TOOL_MISSING`
 */
export async function createAvcCodec(
  input: z.input<typeof avcSettingsSchema> = {},
  named?: string,
): Promise<AvcEncoder> {
  const settings = parseSettings('AVC', avcSettingsSchema, input);
  const ffmpeg = await findFfmpeg(named);
  const encodeFile = (file: FileSpan, label: string) =>
    withSource(file, label, settings, ffmpeg, (source) => encodeBeginning(source, settings));
  return {
    settings,
    versions: { ...ffmpeg.versions, recipe: RECIPES[settings.profile] },
    warning: warningOf(ffmpeg),
    ffmpeg,
    encodeFile,
    encode: (source, label) => encodeBytes(source, label, encodeFile),
    clips: clipEncoderOf(settings, ffmpeg),
  };
}

/** Most formats need seeking, so the bytes go through a temporary file instead of a pipe. */
async function encodeBytes(
  source: Uint8Array,
  label: string,
  encodeFile: AvcEncoder['encodeFile'],
): Promise<Clip> {
  return withFolder(async (folder) => {
    const path = join(folder, 'video');
    try {
      await writeFile(path, source);
    } catch (error) {
      throw writeError(error, path);
    }
    const file = { path: Buffer.from(path), offset: 0, size: source.length, isMember: false };
    return encodeFile(file, label);
  });
}

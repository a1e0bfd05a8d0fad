/**
 * All codecs by name. To add one, make a folder beside this file and add a line to the list below.
 */
import { CodecLmError } from '../../base/error.ts';
import { avc } from './avc/index.ts';
import type { Codec, CodecDefinition, Media } from './codec.ts';
import { jpeg } from './jpeg/index.ts';
import { pixels } from './pixels/index.ts';
import { vq } from './vq/index.ts';

const CODECS: CodecDefinition[] = [jpeg, avc, pixels, vq];

/** The codec that a command uses when it names none. */
export const DEFAULT_CODECS: Readonly<Record<Media, string>> = {
  images: CODECS[0].name,
  videos: CODECS[1].name,
};

const NAME = /^[a-z][a-z0-9-]*$/;

/**
 * Registers a codec under its name, for the library and for command lines that are started
 * afterwards in the same process (docs/adding-a-codec.md).
 * @throws CodecLmError `CONFIG_INVALID` for a name that is taken or not valid
 */
export function registerCodec(definition: CodecDefinition): void {
  const { name } = definition;
  const isTaken = CODECS.some((codec) => codec.name === name);
  if (!isTaken && NAME.test(name)) {
    CODECS.push(definition);
    return;
  }
  const why = isTaken ? 'is taken' : 'must be lower-case letters, digits and dashes';
  throw new CodecLmError('CONFIG_INVALID', `registering a codec: the name "${name}" ${why}`);
}

/** All codecs in order of registration. */
export function allCodecs(): readonly CodecDefinition[] {
  return CODECS;
}

/** Codecs of `pipeline run images` or `pipeline run videos`. */
export function codecsFor(media: Media): readonly CodecDefinition[] {
  return CODECS.filter((codec) => codec.media === media);
}

/** @throws CodecLmError `CODEC_UNKNOWN` that lists the registered codecs */
export function codecNamed(
  name: string,
  among: readonly CodecDefinition[] = CODECS,
): CodecDefinition {
  const found = among.find((codec) => codec.name === name);
  if (found) return found;
  const known = among.map((codec) => codec.name).join(', ');
  throw new CodecLmError('CODEC_UNKNOWN', `no codec is called "${name}"; known here: ${known}`, {
    hint: 'a codec of your own has to be registered in the same process first (docs/adding-a-codec.md)',
  });
}

type Recorded = { name: string; settings: Readonly<Record<string, unknown>> };

/**
 * Says why symbols of one dataset are not those of another, as far as their settings tell.
 * @returns `codec`, or the first of its `symbolSettings` that differs; undefined when none does, or when
 *   the codec is not registered
 */
export function differenceOfSymbols(one: Recorded, other: Recorded): string | undefined {
  if (one.name !== other.name) return 'codec';
  const known = CODECS.find(({ name }) => name === one.name);
  return known?.symbolSettings?.find((key) => one.settings[key] !== other.settings[key]);
}

/**
 * Opens the codec of a dataset or checkpoint with its recorded settings. Settings that this version
 * does not know are ignored: they only decide how files are encoded, and the documents exist
 * already.
 * @param where name of the file, for messages
 * @param code code of the error when a setting is missing or wrong
 * @throws CodecLmError `CODEC_UNKNOWN`, or with `code`
 */
export async function openRecorded(
  { name, settings }: Recorded,
  where: string,
  code: 'DATASET_INVALID' | 'CHECKPOINT_INVALID',
): Promise<Codec> {
  const definition = codecNamed(name);
  const known = Object.entries(settings).filter(([key]) => key in definition.settings.shape);
  const missing = definition.viewSettings.find((key) => settings[key] === undefined);
  if (missing !== undefined) {
    throw new CodecLmError(code, `${where}: no ${missing} in the codec's settings`, {
      path: where,
    });
  }
  try {
    return await definition.open(Object.fromEntries(known));
  } catch (error) {
    if (!(error instanceof CodecLmError) || error.code !== 'CONFIG_INVALID') throw error;
    throw new CodecLmError(code, `${where}: ${error.message}`, { cause: error, path: where });
  }
}

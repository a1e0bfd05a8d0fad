/** Codecs of images that a user names in one word each: `jpeg:quality=10`, `vq:size=64,vq=DIR`. */
import { readFile } from 'node:fs/promises';
import { CodecLmError } from '../../base/error.ts';
import { readError } from '../../base/file-error.ts';
import { resolveOptions } from '../../base/options.ts';
import type { Codec, CodecDefinition } from '../codecs/codec.ts';
import { codecNamed, codecsFor } from '../codecs/registry.ts';

export interface ComparedCodec {
  /** As the user named it. */
  name: string;
  codec: Codec;
}

/**
 * @param words `NAME`, or `NAME:OPTION=VALUE,…` with the options of `pipeline run images --codec NAME`
 * @param files what settings that have to be learned are learned from
 * @throws CodecLmError `USAGE` for a word that is none, `CODEC_UNKNOWN`, `CONFIG_INVALID`
 */
export function openCompared(
  words: readonly string[],
  files: readonly string[],
): Promise<ComparedCodec[]> {
  return Promise.all(
    words.map(async (word) => ({ name: word, codec: await openWord(word, files) })),
  );
}

async function openWord(word: string, files: readonly string[]): Promise<Codec> {
  const [name, ...rest] = word.split(':');
  const definition = codecNamed(name, codecsFor('images'));
  const pairs = rest.join(':').split(',');
  const given = Object.fromEntries(
    pairs.filter((pair) => pair !== '').map((pair) => optionOf(pair, definition, word)),
  );
  const options = resolveOptions(definition.options.strict(), given, word);
  const { settings, tools } = definition.fromOptions(options);
  const codec = await definition.open(settings, tools);
  return codec.learning ? learned(codec, files) : codec;
}

/** `max-pixels=9` -> `['maxPixels', 9]` */
function optionOf(
  pair: string,
  definition: CodecDefinition,
  word: string,
): readonly [string, unknown] {
  const at = pair.indexOf('=');
  if (at < 1) {
    throw new CodecLmError('USAGE', `${word}: "${pair}" is not OPTION=VALUE`, {
      hint: 'name a codec as jpeg or jpeg:quality=10,size=64',
    });
  }
  const key = pair.slice(0, at).replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase());
  const text = pair.slice(at + 1);
  const isNumber = definition.options.shape[key]?.safeParse(Number(text)).success === true;
  return [key, isNumber && text !== '' ? Number(text) : text];
}

/** Settings of a corpus, such as a palette, are learned from the files that are compared. */
async function learned(codec: Codec, files: readonly string[]): Promise<Codec> {
  const learning = codec.learning!;
  const encoder = await learning.encoder();
  const learner = learning.learner(0);
  const share = Math.max(1, files.length / learning.samples);
  const chosen = files.filter((_, i) => Math.floor(i / share) !== Math.floor((i - 1) / share));
  for (const file of chosen) {
    const source = await readFile(file).catch((error) => {
      throw readError(error, file);
    });
    try {
      learner.add(await encoder.encode(source, file));
    } catch (error) {
      // Pictures that cannot be read are told of when they are compared.
      if (!(error instanceof CodecLmError) || error.scope !== 'input') throw error;
    }
  }
  return codec.definition.open({ ...codec.settings, ...(await learner.finish()) });
}

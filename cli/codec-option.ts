/** Reads `--codec` before all other options, because it decides which of them exist. */
import type { CodecDefinition, Media } from '../tokenizer/codecs/codec.ts';
import { allCodecs, codecsFor, DEFAULT_CODECS } from '../tokenizer/codecs/registry.ts';
import { environmentName } from './fields.ts';

export interface ChosenCodec {
  definition: CodecDefinition;
  /** Names of the codecs that could have been chosen. */
  known: string[];
}

/**
 * The codec that a command line names; where it names none, or one that the command does not have (which
 * is refused when the options are parsed), the default.
 * @param media of the command; all when not given
 */
export function chosenCodec(media?: Media, argv = process.argv.slice(2)): ChosenCodec {
  const among = media ? codecsFor(media) : allCodecs();
  const byDefault = DEFAULT_CODECS[media ?? 'images'];
  const named = namedIn(argv) ?? process.env[environmentName('codec')];
  const definition =
    among.find(({ name }) => name === named) ?? among.find(({ name }) => name === byDefault)!;
  return { definition, known: among.map(({ name }) => name) };
}

/** The last occurrence counts, as for every option. */
function namedIn(argv: readonly string[]): string | undefined {
  let named: string | undefined;
  for (const [i, argument] of argv.entries()) {
    if (argument === '--') break;
    if (argument === '--codec') named = argv[i + 1];
    else if (argument.startsWith('--codec=')) named = argument.slice('--codec='.length);
  }
  return named;
}

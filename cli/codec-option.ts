/** Reads `--codec` before all other options, because it decides which of them exist. */

import { codecOption } from '../schemas/pipeline.ts';
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

/**
 * Options of a command that reads checkpoints: `--codec` for one that does not say which it is of, and
 * where it is named those of that codec.
 */
export function checkpointCodecOptions(argv = process.argv.slice(2)) {
  const { definition, known } = chosenCodec(undefined, argv);
  const isNamed = isCodecNamed(argv);
  const codec = codecOption(known, definition.name)
    .unwrap()
    .optional()
    .describe(
      'For a folder without codec.json: the codec of the files that the model writes; each has options of its own, shown by --codec NAME --help',
    )
    .meta({ valueName: 'name' });
  return {
    codec,
    ...((isNamed ? definition.options.shape : {}) as Record<never, never>),
  };
}

/** What `checkpointCodecOptions` parsed, as the library takes it. */
export function codecChoiceOf(
  options: Readonly<Record<string, unknown>>,
): { name: string; options: Record<string, unknown> } | undefined {
  const name = options.codec as string | undefined;
  if (name === undefined) return undefined;
  const definition = allCodecs().find((codec) => codec.name === name)!;
  return { name, options: codecOptionsOf(definition, options) };
}

/** Those of the options that are the codec's own. */
export function codecOptionsOf(
  { options: { shape } }: CodecDefinition,
  given: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  return Object.fromEntries(Object.keys(shape).map((key) => [key, given[key]]));
}

function isCodecNamed(argv: readonly string[]): boolean {
  return (namedIn(argv) ?? process.env[environmentName('codec')]) !== undefined;
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

/** Helpers for authors of codecs. */
import type { z } from 'zod';
import { CodecLmError } from '../../base/error.ts';
import type {
  Codec,
  CodecDefinition,
  CodecSettings,
  CodecTools,
  Encoder,
  OpenedCodec,
} from './codec.ts';

/** A codec definition, typed by its own schemas and without the code that parses options. */
export interface CodecSpec<Settings extends z.ZodObject, Options extends z.ZodObject>
  extends Omit<CodecDefinition, 'settings' | 'options' | 'fromOptions' | 'open'> {
  readonly settings: Settings;
  readonly options: Options;
  fromOptions(options: z.output<Options>): { settings: z.input<Settings>; tools?: CodecTools };
  /** Imports what the codec needs and opens it. */
  open(
    definition: CodecDefinition,
    settings: z.output<Settings>,
    tools: CodecTools,
  ): Promise<OpenedCodec>;
}

/** Makes the definition of a codec; settings are validated before the codec is opened. */
export function defineCodec<Settings extends z.ZodObject, Options extends z.ZodObject>(
  spec: CodecSpec<Settings, Options>,
): CodecDefinition {
  const definition: CodecDefinition = {
    ...spec,
    fromOptions: (options) => spec.fromOptions(options as z.output<Options>),
    async open(settings = {}, tools = {}) {
      const parsed = parseSettings(spec.title, spec.settings, settings);
      const codec = await spec.open(definition, parsed, tools);
      const complete = definedOnly(codec.settings ?? parsed);
      return { ...codec, settings: complete, encoder: rememberedEncoder(codec) };
    },
  };
  return definition;
}

/** The schemas of settings allow only what JSON holds, or nothing. */
function definedOnly(settings: Readonly<Record<string, unknown>>): CodecSettings {
  const entries = Object.entries(settings).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries) as CodecSettings;
}

/** Finding a tool or loading a model takes time, so each encoder is made once. */
function rememberedEncoder(codec: OpenedCodec): Codec['encoder'] {
  const made = new Map<boolean, Promise<Encoder>>();
  return ({ mayBeShort = false } = {}) => {
    const known = made.get(mayBeShort);
    if (known) return known;
    const encoder = codec.encoder({ mayBeShort });
    made.set(mayBeShort, encoder);
    // Forget a failure, so that the next call tries again.
    encoder.catch(() => made.delete(mayBeShort));
    return encoder;
  };
}

/**
 * @param title title of the codec, for messages
 * @throws CodecLmError `CONFIG_INVALID` that names the setting
 */
export function parseSettings<Settings extends z.ZodObject>(
  title: string,
  schema: Settings,
  input: unknown,
): z.output<Settings> {
  const parsed = schema.safeParse(input);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw new CodecLmError('CONFIG_INVALID', `${title} ${issue.path.join('.')}: ${issue.message}`);
}

/** Turns `'jpg png'` into the set of `.jpg` and `.png`. */
export function extensionsOf(names: string): ReadonlySet<string> {
  return new Set(names.split(' ').map((name) => `.${name}`));
}

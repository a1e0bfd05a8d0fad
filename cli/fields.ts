/** The options that a schema describes: name, kind, default, help. Everything about options comes from here. */
import { z } from 'zod';

export type FieldKind = 'boolean' | 'number' | 'list' | 'string';

export interface Field {
  key: string;
  kind: FieldKind;
  /** The schema of the typed value, without default and optional. */
  type: z.ZodType;
  choices?: string[];
  /** True for words, which may look like a URL; any other string option is a path. */
  isText: boolean;
  /** True for a path that may also lie in object storage. */
  isPlace: boolean;
  /** True where the variable of its name means something else: only the flag is read. */
  isFlagOnly: boolean;
  /** The command does nothing without this option. */
  isRequired: boolean;
  /** Keys of other options; if one of them is given, this one is not required. */
  requiredUnless?: readonly string[];
  /** Heading in `--help`, if the schema sets one. */
  group?: string;
  description: string;
  defaultValue: unknown;
  valueName: string;
}

export function kebabCase(key: string): string {
  return key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

export function flagOf(key: string): string {
  return `--${kebabCase(key)}`;
}

/** Such as `--resume or --branch`. */
export function orOf(keys: readonly string[]): string {
  return keys.map(flagOf).join(' or ');
}

/** `seqLen` is read from CODEC_LM_SEQ_LEN when its flag is not given. */
export function environmentName(key: string): string {
  return `CODEC_LM_${kebabCase(key).replaceAll('-', '_').toUpperCase()}`;
}

/** Fields in the order of the schema. */
export function fieldsOf(schema: z.ZodObject): Field[] {
  return Object.entries(schema.shape).map(([key, type]) => {
    const { inner, defaultValue } = unwrap(type as z.ZodType);
    const kind = kindOf(inner);
    const meta = { ...inner.meta(), ...(type as z.ZodType).meta() };
    const text = (name: string) => (typeof meta[name] === 'string' ? meta[name] : undefined);
    return {
      ...{ key, kind, type: inner, defaultValue },
      choices: inner instanceof z.ZodEnum ? inner.options.map(String) : undefined,
      isText: meta.isText === true,
      isPlace: meta.isPlace === true,
      isFlagOnly: meta.isFlagOnly === true,
      isRequired: !(type as z.ZodType).safeParse(undefined).success,
      requiredUnless: meta.requiredUnless as string[] | undefined,
      group: text('group'),
      description: (type as z.ZodType).description ?? inner.description ?? '',
      valueName: text('valueName') ?? (kind === 'number' ? 'n' : 'value'),
    };
  });
}

/** Unwraps `.default()`, `.optional()` and `.transform()` to the schema of the typed value. */
function unwrap(type: z.ZodType): { inner: z.ZodType; defaultValue: unknown } {
  let inner = type;
  let defaultValue: unknown;
  for (;;) {
    if (inner instanceof z.ZodDefault) {
      defaultValue ??= inner.def.defaultValue;
      inner = inner.unwrap() as z.ZodType;
    } else if (inner instanceof z.ZodOptional || inner instanceof z.ZodNullable) {
      inner = inner.unwrap() as z.ZodType;
    } else if (inner instanceof z.ZodPipe) {
      inner = inner.in as z.ZodType;
    } else {
      return { inner, defaultValue };
    }
  }
}

function kindOf(type: z.ZodType): FieldKind {
  if (type instanceof z.ZodBoolean) return 'boolean';
  if (type instanceof z.ZodNumber) return 'number';
  if (type instanceof z.ZodArray) return 'list';
  return 'string';
}

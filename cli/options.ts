/** Command-line options made from a schema: names, help, defaults, parsing. */
import { Option } from 'commander';
import { z } from 'zod';
import { CodecLmError } from '../base/error.ts';
import { localPath, localSource } from '../base/local-path.ts';
import type { Positional } from './command.ts';

type Kind = 'boolean' | 'number' | 'list' | 'string';

interface Field {
  key: string;
  kind: Kind;
  choices?: string[];
  /** Words, which may look like a URL; any other option of a string is a path. */
  isText: boolean;
  description: string;
  defaultValue: unknown;
  valueName: string;
}

export function kebabCase(key: string): string {
  return key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

/** `seqLen` is read from CODEC_LM_SEQ_LEN when its flag is not given. */
export function environmentName(key: string): string {
  return `CODEC_LM_${kebabCase(key).replaceAll('-', '_').toUpperCase()}`;
}

/** The option objects of commander for each key of a schema. */
export function optionsOf(schema: z.ZodObject): Option[] {
  return fieldsOf(schema).flatMap((field) => {
    const flag = `--${kebabCase(field.key)}`;
    const flags = field.kind === 'boolean' ? flag : `${flag} <${field.valueName}>`;
    const option = new Option(flags, describe(field)).env(environmentName(field.key));
    if (field.kind === 'list') {
      option.argParser((value: string, before: string[] = []) => [...before, value]);
    }
    if (field.kind !== 'boolean') return [option];
    return [
      option,
      new Option(`--no-${kebabCase(field.key)}`).hideHelp(field.defaultValue !== true),
    ];
  });
}

/**
 * What commander collected, validated: strings become what the schema asks for.
 * @throws CodecLmError `USAGE` that names the option and the value received
 */
export function parseOptions<Schema extends z.ZodObject>(
  schema: Schema,
  raw: Record<string, unknown>,
): z.output<Schema> {
  const values: Record<string, unknown> = {};
  for (const field of fieldsOf(schema)) {
    const value = raw[field.key];
    if (value !== undefined) values[field.key] = asPath(field, fromText(field.kind, value));
  }
  const result = schema.safeParse(values);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  const key = String(issue.path[0]);
  const received = raw[key] === undefined ? 'nothing' : `"${String(raw[key])}"`;
  throw new CodecLmError('USAGE', `--${kebabCase(key)}: ${issue.message}; received ${received}`);
}

/**
 * Arguments as paths. Like options, they are paths unless their command says that they are words.
 * @throws CodecLmError `USAGE` for a URL of a scheme that is not known
 */
export function parsePositionals(specs: readonly Positional[], values: string[]): string[] {
  return values.map((value, i) => {
    const spec = specs[Math.min(i, specs.length - 1)];
    return spec === undefined || spec.isText ? value : localSource(value, spec.name.toUpperCase());
  });
}

/** Every option of a string is a path unless it says otherwise, so that none can forget to be checked. */
function asPath({ key, kind, choices, isText }: Field, value: unknown): unknown {
  if (isText || choices || (kind !== 'string' && kind !== 'list')) return value;
  const check = (text: unknown) =>
    typeof text === 'string' ? localPath(text, `--${kebabCase(key)}`) : text;
  return Array.isArray(value) ? value.map(check) : check(value);
}

function fromText(kind: Kind, value: unknown): unknown {
  if (kind === 'number' && typeof value === 'string' && value.trim() !== '') return Number(value);
  if (kind === 'boolean' && typeof value === 'string') return !/^(0|false|no|off|)$/i.test(value);
  if (kind === 'list' && typeof value === 'string') return [value];
  return value;
}

function describe(field: Field): string {
  const notes = [];
  if (field.choices) notes.push(field.choices.join('|'));
  const { defaultValue } = field;
  const isEmptyList = Array.isArray(defaultValue) && defaultValue.length === 0;
  if (defaultValue !== undefined && defaultValue !== false && !isEmptyList) {
    notes.push(`default ${String(defaultValue)}`);
  }
  return notes.length === 0 ? field.description : `${field.description} (${notes.join('; ')})`;
}

function fieldsOf(schema: z.ZodObject): Field[] {
  return Object.entries(schema.shape).map(([key, type]) => {
    const { inner, defaultValue } = unwrap(type as z.ZodType);
    const kind = kindOf(inner);
    const meta = { ...inner.meta(), ...(type as z.ZodType).meta() };
    return {
      key,
      kind,
      choices: inner instanceof z.ZodEnum ? inner.options.map(String) : undefined,
      isText: meta.isText === true,
      description: (type as z.ZodType).description ?? inner.description ?? '',
      defaultValue,
      valueName:
        typeof meta.valueName === 'string' ? meta.valueName : kind === 'number' ? 'n' : 'value',
    };
  });
}

/** Looks through `.default()`, `.optional()` and `.transform()` to what is typed in. */
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

function kindOf(type: z.ZodType): Kind {
  if (type instanceof z.ZodBoolean) return 'boolean';
  if (type instanceof z.ZodNumber) return 'number';
  if (type instanceof z.ZodArray) return 'list';
  return 'string';
}

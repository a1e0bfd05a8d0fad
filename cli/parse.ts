/**
 * Validates the values that commander collected. Every error names the option, its allowed values,
 * and the value received.
 */
import type { z } from 'zod';
import { CodecLmError } from '../base/error.ts';
import { localPath, localSource } from '../base/local-path.ts';
import { parsePlace, parseSourcePlace } from '../base/storage/index.ts';
import type { Positional } from './command.ts';
import { expectedBy } from './expected.ts';
import { type Field, type FieldKind, fieldsOf, flagOf, orOf } from './fields.ts';

/**
 * Converts strings to the types of the schema.
 * @param command the command as it is typed, for the hint: `trainer sample`
 * @throws CodecLmError `USAGE` that names the option and the value received, or lists all missing
 * options
 */
export function parseOptions<Schema extends z.ZodObject>(
  schema: Schema,
  raw: Record<string, unknown>,
  command?: string,
): z.output<Schema> {
  const fields = fieldsOf(schema);
  const isGiven = (key: string) => raw[key] !== undefined;
  const missing = fields.filter(
    ({ key, isRequired, requiredUnless: unless }) =>
      !isGiven(key) && (isRequired || (unless !== undefined && !unless.some(isGiven))),
  );
  if (missing.length > 0) throw missingOptions(missing, command);
  const values: Record<string, unknown> = {};
  for (const field of fields) {
    const value = raw[field.key];
    if (value !== undefined) values[field.key] = asPath(field, fromText(field.kind, value));
  }
  const result = schema.safeParse(values);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  const field = fields.find(({ key }) => key === issue.path[0])!;
  const expected = expectedBy(field, issue);
  throw new CodecLmError(
    'USAGE',
    `${flagOf(field.key)}: ${expected}; received "${String(raw[field.key])}"`,
    { hint: command && `\`${command} --help\` says what it is` },
  );
}

function missingOptions([first, ...others]: Field[], command?: string): CodecLmError {
  const unless = first.requiredUnless ? ` without ${orOf(first.requiredUnless)}` : '';
  const also = others.map(({ key }) => flagOf(key)).join(' and ');
  const hints = [
    others.length > 0 && `so ${others.length === 1 ? 'is' : 'are'} ${also}`,
    command && `\`${command} --help\` has examples`,
  ].filter(Boolean);
  return new CodecLmError(
    'USAGE',
    `${flagOf(first.key)} is required${unless}: ${first.description}`,
    { hint: hints.length > 0 ? hints.join('; ') : undefined },
  );
}

/**
 * Converts arguments to paths. Like options, they are paths unless their command says that they are
 * words.
 * @throws CodecLmError `USAGE` for a URL of a scheme that is not known
 */
export function parsePositionals(specs: readonly Positional[], values: string[]): string[] {
  return values.map((value, i) => {
    const spec = specs[Math.min(i, specs.length - 1)];
    if (spec === undefined || spec.isText) return value;
    const parse = spec.isPlace ? parseSourcePlace : localSource;
    return parse(value, spec.name.toUpperCase());
  });
}

/**
 * Every string option is a path unless its schema says otherwise, so that no check can be
 * forgotten.
 */
function asPath({ key, kind, choices, isText, isPlace }: Field, value: unknown): unknown {
  if (isText || choices || (kind !== 'string' && kind !== 'list')) return value;
  const parse = isPlace ? parsePlace : localPath;
  const check = (text: unknown) => (typeof text === 'string' ? parse(text, flagOf(key)) : text);
  return Array.isArray(value) ? value.map(check) : check(value);
}

function fromText(kind: FieldKind, value: unknown): unknown {
  if (kind === 'number' && typeof value === 'string' && value.trim() !== '') return Number(value);
  if (kind === 'boolean' && typeof value === 'string') return !/^(0|false|no|off|)$/i.test(value);
  if (kind === 'list' && typeof value === 'string') return [value];
  return value;
}

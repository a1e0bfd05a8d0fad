/** Makes commander's options for the keys of a schema, as `--help` shows them. */
import { Option } from 'commander';
import type { z } from 'zod';
import { environmentName, type Field, fieldsOf, flagOf, kebabCase, orOf } from './fields.ts';
import { groupOf, inGroups } from './groups.ts';

/** The option objects of commander for each key of a schema, in groups. */
export function optionsOf(schema: z.ZodObject): Option[] {
  const hasCodec = 'codec' in schema.shape;
  const fields = fieldsOf(schema).map((field) => ({
    ...field,
    group: groupOf(field, hasCodec),
  }));
  return inGroups(fields).flatMap((field) => {
    const option = new Option(flagsOf(field), describe(field)).helpGroup(`${field.group}:`);
    if (!field.isFlagOnly) option.env(environmentName(field.key));
    if (field.kind === 'list') {
      option.argParser((value: string, before: string[] = []) => [...before, value]);
    }
    if (field.kind !== 'boolean') return [option];
    const no = new Option(`--no-${kebabCase(field.key)}`, `Turn ${flagOf(field.key)} off`);
    return [option, no.helpGroup(`${field.group}:`).hideHelp(field.defaultValue !== true)];
  });
}

/** Such as `--seq-len <n>`. */
export function flagsOf({ key, kind, valueName }: Field): string {
  return kind === 'boolean' ? flagOf(key) : `${flagOf(key)} <${valueName}>`;
}

function describe(field: Field): string {
  const notes = [];
  const { defaultValue, isRequired, requiredUnless } = field;
  if (isRequired) notes.push('required');
  if (requiredUnless !== undefined) notes.push(`required without ${orOf(requiredUnless)}`);
  if (field.choices) notes.push(field.choices.join('|'));
  const isEmptyList = Array.isArray(defaultValue) && defaultValue.length === 0;
  if (defaultValue !== undefined && defaultValue !== false && !isEmptyList) {
    notes.push(`default ${String(defaultValue)}`);
  }
  return notes.length === 0 ? field.description : `${field.description} (${notes.join('; ')})`;
}

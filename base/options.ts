/**
 * Validates the options of a library function by their schema, which also fills in the defaults.
 */
import type { z } from 'zod';
import { CodecLmError } from './error.ts';

/**
 * @param schema a strict object, so that an unknown option is an error
 * @param given the options that the caller passed
 * @param name name of the function, for messages
 * @throws CodecLmError `CONFIG_INVALID` that names the option and the value received
 */
export function resolveOptions<Schema extends z.ZodObject>(
  schema: Schema,
  given: z.input<Schema>,
  name: string,
): z.output<Schema> {
  const result = schema.safeParse(given);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  if (issue.code === 'unrecognized_keys') {
    const known = Object.keys(schema.shape).join(', ');
    const message = `${name}: no option is called \`${issue.keys[0]}\`; there are ${known}`;
    throw new CodecLmError('CONFIG_INVALID', message);
  }
  const option = issue.path.join('.');
  const value = issue.path.reduce<unknown>(
    (inner, key) => (inner as Record<PropertyKey, unknown> | undefined)?.[key],
    given,
  );
  const received = value === undefined ? 'nothing' : JSON.stringify(value);
  throw new CodecLmError(
    'CONFIG_INVALID',
    `${name}: \`${option}\`: ${issue.message}; received ${received}`,
  );
}

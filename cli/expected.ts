/** Describes the values of an option in words: `a whole number from 1 to 95`. */
import { z } from 'zod';
import type { Field } from './fields.ts';

/** Default messages of zod; any other message comes from a schema. */
const PLAIN = /^(Invalid|Too (big|small))/;

/** @param issue the problem that the schema found */
export function expectedBy(
  { type, choices, valueName }: Field,
  issue: Pick<z.core.$ZodIssue, 'message'>,
): string {
  const message = ownMessage(type, issue) ?? issue.message;
  if (!PLAIN.test(message)) return message;
  if (choices) return `expected ${listed(choices)}`;
  if (type instanceof z.ZodNumber) return `expected ${numberOf(type)}`;
  if (type instanceof z.ZodString && type.minLength) return `expected a ${valueName}, not nothing`;
  return message;
}

/** A union reports the problem that one of its members found, not its own message. */
function ownMessage(type: z.ZodType, issue: unknown): string | undefined {
  const say = type._zod.def.error as ((issue: unknown) => unknown) | undefined;
  const said = say?.(issue);
  return typeof said === 'string' ? said : undefined;
}

function listed(words: readonly string[]): string {
  if (words.length === 1) return words[0];
  return `${words.slice(0, -1).join(', ')} or ${words.at(-1)}`;
}

/** Such as `a number above 0, at most 1`. */
function numberOf(type: z.ZodNumber): string {
  const noun = type.isInt ? 'a whole number' : 'a number';
  const [from, to] = [type.minValue, type.maxValue].map((bound) =>
    bound !== null && Math.abs(bound) < Number.MAX_SAFE_INTEGER ? bound : undefined,
  );
  const isOpen = (check: string, bound: number | undefined) =>
    (type.def.checks ?? []).some(({ _zod }) => {
      const def = _zod.def as { check: string; value?: unknown; inclusive?: boolean };
      return def.check === check && def.value === bound && def.inclusive === false;
    });
  const [isAbove, isBelow] = [isOpen('greater_than', from), isOpen('less_than', to)];
  if (from !== undefined && to !== undefined && !isAbove && !isBelow) {
    return `${noun} from ${from} to ${to}`;
  }
  const lower = from === undefined ? undefined : isAbove ? `above ${from}` : `at least ${from}`;
  const upper = to === undefined ? undefined : isBelow ? `below ${to}` : `at most ${to}`;
  const bounds = [lower, upper].filter((bound) => bound !== undefined).join(' and ');
  return bounds === '' ? noun : `${noun}, ${bounds}`;
}

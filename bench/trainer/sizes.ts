/** Numbers from the command line of a benchmark: `--hidden 256`. */
import { parseArgs } from 'node:util';

/** @param defaults name of each option, and what it is without one */
export function parseSizes<Name extends string>(
  defaults: Record<Name, number>,
): Record<Name, number> {
  const names = Object.keys(defaults) as Name[];
  const { values } = parseArgs({
    options: Object.fromEntries(names.map((name) => [name, { type: 'string' as const }])),
  });
  const sizes = names.map((name) => [name, Number(values[name] ?? defaults[name])] as const);
  for (const [name, size] of sizes) {
    if (!Number.isFinite(size)) throw new Error(`--${name} ${values[name]}: expected a number`);
  }
  return Object.fromEntries(sizes) as Record<Name, number>;
}

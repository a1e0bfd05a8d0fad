/** The lines of a plan: one for each file, or one for each clip of it, next to each other. */
import type { PlanConfig } from '../../schemas/plan.ts';
import { clipLine } from '../sources/source.ts';

export interface Lines {
  count: number;
  lines: Iterator<string>;
}

/** @param found a line for each file */
export function linesOfInputs(found: Lines, { clips }: Pick<PlanConfig, 'clips'>): Lines {
  if (!clips) return found;
  const { perVideo } = clips;
  return { count: found.count * perVideo, lines: repeated(found.lines, perVideo) };
}

function* repeated(lines: Iterator<string>, perVideo: number): Generator<string> {
  for (let next = lines.next(); !next.done; next = lines.next()) {
    for (let clip = 0; clip < perVideo; clip++) yield clipLine(next.value, clip);
  }
}

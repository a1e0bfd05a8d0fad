/** A line for people about sequences that are longer than those of training. */
import { formatCount } from '../../base/format.ts';
import type { PastTrainedLength } from '../../trainer/events.ts';

/** @param what subject and verb of the line: `samples may take` */
export function pastLine(what: string, { trained, tokens }: PastTrainedLength): string {
  return `${what} up to ${formatCount(tokens)} tokens, but the model was trained on ${formatCount(trained)}: later positions are new to it`;
}

/** Sequences longer than those of the training, as a line for people. */
import { formatCount } from '../../base/format.ts';
import type { PastTrainedLength } from '../../trainer/events.ts';

/** @param what takes so many tokens: `samples may take` */
export function pastLine(what: string, { trained, tokens }: PastTrainedLength): string {
  return `${what} up to ${formatCount(tokens)} tokens, and the model was trained on ${formatCount(trained)}: what comes after them is new to it`;
}

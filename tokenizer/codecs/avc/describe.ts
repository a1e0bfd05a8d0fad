/** Describes places and values of a document for people. */
import { type Element, FIXED, SIGNED, TABLE, TRAILING, UNSIGNED } from './syntax/element.ts';
import type { SyntaxState } from './syntax/state.ts';

const UNIT_NAMES: Readonly<Record<number, string>> = {
  6: 'SEI',
  7: 'sequence parameter set',
  8: 'picture parameter set',
};

/**
 * Describes a place: frame, macroblock or NAL unit, and syntax element. Frames and macroblocks
 * count from 0.
 */
export function describeAvcPlace(state: SyntaxState): string {
  const { frame, macroblock, header, name, position } = state;
  const unit = position < 0 ? undefined : UNIT_NAMES[header & 31];
  return `frame ${frame}, ${unit ?? `macroblock ${macroblock}`}, ${name}`;
}

/** Describes the values that are allowed at a place. */
export function describeExpected(element: Element): string {
  const { kind, low, high, ranges, size } = element;
  if (kind === TRAILING) return 'a 1-bit, then 0-bits up to the byte';
  if (kind === TABLE) return 'a code word of its table';
  const coding = { [FIXED]: `u(${size})`, [UNSIGNED]: 'ue(v)', [SIGNED]: 'se(v)' }[kind];
  const pairs = ranges ?? [low, high];
  const spans: string[] = [];
  for (let i = 0; i < pairs.length; i += 2) {
    spans.push(pairs[i] === pairs[i + 1] ? `${pairs[i]}` : `${pairs[i]} to ${pairs[i + 1]}`);
  }
  return `${spans.join(' or ')} as ${coding}`;
}

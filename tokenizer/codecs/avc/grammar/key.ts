/** Turns places of a document into strings that are equal only if the same bytes may follow. */
import { FIXED } from '../syntax/element.ts';
import type { SyntaxState } from '../syntax/state.ts';
import { type ByteWalk, PAYLOAD } from './bytes.ts';
import { macroblockKey } from './macroblock-key.ts';

/** Key of a place between two NAL units. */
function boundaryKey(state: SyntaxState): string {
  return `${pictureKey(state)} ${state.spsBytes} ${state.ppsBytes}`;
}

/**
 * Key of such a place, as far as the next slices depend on it when no parameter set comes before
 * them. Slices depend on few values of a parameter set.
 */
export function slicesKey(state: SyntaxState): string {
  const { sps, pps } = state;
  const ofSequence = sps && [sps.frameNumBits, sps.orderType, sps.orderBits, sps.maxReferences];
  return `${pictureKey(state)} ${ofSequence} ${pps && Object.values(pps)}`;
}

function pictureKey(state: SyntaxState): string {
  const { history, picture, frame, macroblock, unitsOfFrame, typesSeen, typesAllowed } = state;
  const inPicture = picture === undefined ? 0 : [typesSeen, typesAllowed, ...pictureNumbers(state)];
  return `${frame} ${macroblock} ${unitsOfFrame} ${inPicture} ${historyNumbers(history)}`;
}

function historyNumbers(history: SyntaxState['history']): string {
  const { references, frameNum, idrPicId, order, orderAhead, wasReference } = history;
  return `${references}/${frameNum} ${idrPicId} ${order} ${orderAhead} ${wasReference}`;
}

function pictureNumbers({ picture, remaining }: SyntaxState): unknown[] {
  const { header, frameNum, idrPicId, order, marking, isAdaptive } = picture!;
  return [header, frameNum, idrPicId, order, marking.join('.'), isAdaptive, remaining.join('.')];
}

/**
 * Key of a place from which the end of the slice, and the header byte of the next slice, depend
 * only on the macroblock: see {@link isInSight}.
 * @param slices number of slices in a picture
 */
export function sightKey({ bits, phase, zeros, syntax }: ByteWalk, slices: number): string {
  const { header, macroblock, position } = syntax;
  if (phase < PAYLOAD) return `${phase} ${bits.length} ${bits.value} ${header}`;
  const read = `${phase} ${zeros} ${bits.length} ${bits.value} ${bits.zeros} ${position & 7}`;
  return `${read} ${header} ${macroblock === slices - 1} ${macroblockKey(syntax)}`;
}

/**
 * Whether the place is inside a macroblock or between two slices of one picture. Just before it
 * lies a slice header; the allowed next headers can only be determined where a slice begins.
 */
export function isInSight({ phase, syntax }: ByteWalk): boolean {
  if (phase >= PAYLOAD) return syntax.isHeaderRead;
  return syntax.macroblock > 0;
}

/**
 * Key of any place. Remaining frames matter only as far as `reach` bytes can touch them.
 * @param shortestFrame number of bytes in the shortest frame
 */
export function placeKey(walk: ByteWalk, reach: number, shortestFrame: number): string {
  const { bits, phase, zeros, payload, syntax } = walk;
  const { target, frame } = syntax;
  const inSight = Math.floor(reach / shortestFrame) + 1;
  const toCome = Math.min(target!.frames - frame, inSight);
  const place = `${phase} ${zeros} ${payload} ${bits.length} ${bits.value} ${bits.zeros}`;
  return `${place} ${toCome} ${boundaryKey({ ...syntax, frame: Math.min(frame, 1) } as SyntaxState)} ${elementKey(syntax)}`;
}

/** The element that is being read, and the values of this NAL unit that later units depend on. */
function elementKey(state: SyntaxState): string {
  const { name, kind, size, low, high, ranges, take } = state;
  const parts: unknown[] = [name, kind, kind === FIXED ? size : 0, low, high, ranges, take.name];
  parts.push(state.position & 7, state.header, state.index, state.count);
  parts.push(JSON.stringify(state.draft), state.isIntraSlice, state.frameNum, state.idrPicId);
  parts.push(state.order, state.references, state.picNum, state.commands, state.marking.join('.'));
  parts.push(state.isAdaptive, state.remaining.join('.'), state.typesSeen, state.typesAllowed);
  if (state.isHeaderRead) parts.push(macroblockKey(state));
  return parts.join(' ');
}

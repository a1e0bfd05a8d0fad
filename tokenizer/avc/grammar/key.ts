/** Places of a document as strings: equal only where the same may follow. */
import { FIXED } from '../syntax/element.ts';
import type { SyntaxState } from '../syntax/state.ts';
import type { ByteWalk } from './bytes.ts';

/** Of a place between two NAL units. */
export function boundaryKey(state: SyntaxState): string {
  const { spsBytes, ppsBytes, history, picture, frame, macroblock } = state;
  const { unitsOfFrame, typesSeen, typesAllowed } = state;
  const inPicture = picture === undefined ? 0 : [typesSeen, typesAllowed, ...pictureNumbers(state)];
  return `${frame} ${macroblock} ${unitsOfFrame} ${inPicture} ${historyNumbers(history)} ${spsBytes} ${ppsBytes}`;
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
 * Of any place. Frames still to come count only as far as `reach` bytes may touch them.
 * @param shortestFrame fewest bytes of a frame
 */
export function placeKey(walk: ByteWalk, reach: number, shortestFrame: number): string {
  const { bits, phase, zeros, payload, syntax } = walk;
  const { target, frame } = syntax;
  const inSight = Math.floor(reach / shortestFrame) + 1;
  const toCome = Math.min(target!.frames - frame, inSight);
  const place = `${phase} ${zeros} ${payload} ${bits.length} ${bits.value} ${bits.zeros}`;
  return `${place} ${toCome} ${boundaryKey({ ...syntax, frame: Math.min(frame, 1) } as SyntaxState)} ${elementKey(syntax)}`;
}

/** The element that is being read, and what of this NAL unit later ones depend on. */
function elementKey(state: SyntaxState): string {
  const { name, kind, size, low, high, ranges, take } = state;
  const parts: unknown[] = [name, kind, kind === FIXED ? size : 0, low, high, ranges, take.name];
  parts.push(state.position & 7, state.header, state.index, state.count);
  parts.push(JSON.stringify(state.draft), state.isIntraSlice, state.frameNum, state.idrPicId);
  parts.push(state.order, state.references, state.picNum, state.commands, state.marking.join('.'));
  parts.push(state.isAdaptive, state.remaining.join('.'), state.typesSeen, state.typesAllowed);
  parts.push(state.mbType, state.isIntra, state.isIntra16x16, state.part, state.parts);
  parts.push(state.pattern, state.modes, state.totals, state.block, state.mostCoefficients);
  parts.push(state.total, state.trailingOnes, state.coefficientsLeft, state.suffixLength);
  parts.push(state.levelPrefix, state.zerosLeft);
  return parts.join(' ');
}

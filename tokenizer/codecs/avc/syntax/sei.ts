/**
 * Supplemental enhancement information (H.264 7.3.2.3): one message of unregistered
 * user data (D.1.6), as x264 writes its version and options.
 */
import type { SyntaxState } from './state.ts';

const USER_DATA_UNREGISTERED = 5;
/** Bytes of uuid_iso_iec_11578. */
const UUID_BYTES = 16;
/** A size byte of 255 means that another size byte follows; x264's text needs three or four. */
const MORE = 255;
const MOST_MORE = 16;

export function expectSei(state: SyntaxState): void {
  const type = USER_DATA_UNREGISTERED;
  state.fixed('payload_type', 8, type, type, takeType);
}

function takeType(state: SyntaxState): void {
  state.count = 0;
  state.index = 0;
  state.fixed('payload_size', 8, UUID_BYTES, MORE, takeSize);
}

function takeSize(state: SyntaxState, value: number): void {
  state.count += value;
  if (value === MORE) {
    state.index++;
    state.fixed('payload_size', 8, 0, state.index === MOST_MORE ? MORE - 1 : MORE, takeSize);
  } else expectByte(state);
}

function expectByte(state: SyntaxState): void {
  state.fixed('user_data_payload_byte', 8, 0, 255, takeByte);
}

function takeByte(state: SyntaxState): void {
  if (--state.count === 0) state.trailing();
  else expectByte(state);
}

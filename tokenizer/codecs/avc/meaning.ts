/**
 * Explains the bytes of a token in an H.264 stream (ITU-T H.264, annex B and table 7-1), for
 * people.
 */

const UNITS: Record<number, string> = {
  1: 'slice',
  5: 'slice of an IDR frame',
  6: 'SEI',
  7: 'sequence parameter set',
  8: 'picture parameter set',
};

/** @returns e.g. `2 data bytes, start code, slice`; empty for a token of plain data */
export function meaningInAvc(bytes: Uint8Array): string {
  const parts: string[] = [];
  let data = 0;
  const endData = () => {
    if (data > 0) parts.push(data === 1 ? '1 data byte' : `${data} data bytes`);
    data = 0;
  };
  for (let i = 0; i < bytes.length; i++) {
    const isStart = bytes[i] === 0 && bytes[i + 1] === 0 && bytes[i + 2] === 1;
    const isEscape = bytes[i] === 0 && bytes[i + 1] === 0 && bytes[i + 2] === 3;
    if (isStart) {
      endData();
      parts.push('start code');
      const header = bytes[i + 3];
      if (header !== undefined) parts.push(UNITS[header & 31] ?? `unit of type ${header & 31}`);
      i += header === undefined ? 2 : 3;
    } else if (isEscape) {
      endData();
      parts.push('protected zeros');
      i += 2;
    } else {
      data++;
    }
  }
  const isPlainData = parts.length === 0;
  endData();
  return isPlainData ? '' : parts.join(', ');
}

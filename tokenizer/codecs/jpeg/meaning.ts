/** Explains the bytes of a token in a JPEG file (ITU-T T.81, table B.1), for people. */

const MARKERS: Record<number, string> = {
  0: 'stuffed FF (a data byte)',
  192: 'frame header SOF0',
  196: 'Huffman tables DHT',
  216: 'start of image SOI',
  217: 'end of image EOI',
  218: 'scan header SOS',
  219: 'quantisation tables DQT',
  221: 'restart interval DRI',
  224: 'application data APP0',
  254: 'comment COM',
};

/** @returns e.g. `entropy-coded data, restart marker 3`; empty for a token of plain data */
export function meaningInJpeg(bytes: Uint8Array): string {
  const parts: string[] = [];
  let data = 0;
  const endData = () => {
    if (data > 0) parts.push(data === 1 ? '1 data byte' : `${data} data bytes`);
    data = 0;
  };
  for (let i = 0; i < bytes.length; i++) {
    if (bytes[i] !== 0xff) {
      data++;
      continue;
    }
    endData();
    const code = bytes[++i];
    if (code === undefined) parts.push('first half of a marker');
    else if (code >= 0xd0 && code <= 0xd7) parts.push(`restart marker ${code - 0xd0}`);
    else parts.push(MARKERS[code] ?? `marker ${code.toString(16).toUpperCase()}`);
  }
  const isPlainData = parts.length === 0;
  endData();
  return isPlainData ? '' : parts.join(', ');
}

/** What libjpeg-turbo's own programs say about a document. */
import { spawnSync } from 'node:child_process';
import { HEADER_LENGTH } from '../../tokenizer/jpeg/header.ts';
import { insertTables } from '../../tokenizer/jpeg/view.ts';

const SOS = 0xda;

/** What djpeg complains of when it decodes a document and lets no warning pass; '' if nothing. */
export function djpegComplaint(document: Uint8Array, quality: number): string {
  const { status, stderr } = spawnSync('djpeg', ['-strict', '-outfile', '/dev/null'], {
    input: insertTables(document, quality),
  });
  const said = stderr.toString().trim();
  return status === 0 ? said : `exit ${status}: ${said}`;
}

/**
 * Whether `jpegtran -restart 1B` reads a document without a warning and writes its
 * coded bytes, from the first MCU on, just so.
 */
export function isReproduced(document: Uint8Array, quality: number): boolean {
  const { status, stdout, stderr } = spawnSync('jpegtran', ['-restart', '1B'], {
    input: insertTables(document, quality),
    maxBuffer: 1 << 26,
  });
  if (status !== 0 || stderr.length > 0) return false;
  return Buffer.compare(codedPart(stdout), document.subarray(HEADER_LENGTH)) === 0;
}

/** What follows the SOS segment. */
function codedPart(file: Uint8Array): Uint8Array {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  for (let i = 2; i < file.length; ) {
    const end = i + 2 + view.getUint16(i + 2);
    if (file[i + 1] === SOS) return file.subarray(end);
    i = end;
  }
  return new Uint8Array();
}

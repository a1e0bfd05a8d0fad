/** Checks documents with libjpeg-turbo's own programs. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { HEADER_LENGTH } from '../../tokenizer/codecs/jpeg/header.ts';
import { insertTables } from '../../tokenizer/codecs/jpeg/view.ts';

const SOS = 0xda;

export interface Verdict {
  /**
   * The complaint of djpeg when it decodes the document with warnings as errors; '' if there is
   * none.
   */
  readonly complaint: string;
  /**
   * Whether `jpegtran -restart 1B` reads the document without a warning and writes its
   * coded bytes, from the first MCU on, just so.
   */
  readonly isReproduced: boolean;
}

export interface Judged {
  readonly document: Uint8Array;
  readonly quality: number;
}

/** A shell starts small programs ten times as fast as Node does: all files in one call. */
const JUDGE = `
cd "$1" || exit 1
for file in *.jpg; do
  djpeg -strict -outfile /dev/null "$file" 2> "$file.djpeg" || echo "exit $?" >> "$file.djpeg"
  jpegtran -restart 1B "$file" > "$file.out" 2> "$file.jpegtran" || echo "exit $?" >> "$file.jpegtran"
done
`;

/** The verdict on each document, in order. */
export function judge(judged: readonly Judged[]): Verdict[] {
  const folder = mkdtempSync(join(tmpdir(), 'codec-lm-judge-'));
  try {
    judged.forEach(({ document, quality }, i) => {
      writeFileSync(join(folder, `${i}.jpg`), insertTables(document, quality));
    });
    const { status, stderr } = spawnSync('sh', ['-c', JUDGE, 'judge', folder]);
    if (status !== 0) throw new Error(`the shell ended with ${status}: ${stderr}`);
    return judged.map(({ document }, i) => {
      const read = (kind: string) => readFileSync(join(folder, `${i}.jpg.${kind}`));
      const coded = codedPart(read('out'));
      return {
        complaint: read('djpeg').toString().trim(),
        isReproduced:
          read('jpegtran').length === 0 &&
          Buffer.compare(coded, document.subarray(HEADER_LENGTH)) === 0,
      };
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The bytes after the SOS segment. */
function codedPart(file: Uint8Array): Uint8Array {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  for (let i = 2; i < file.length; ) {
    const end = i + 2 + view.getUint16(i + 2);
    if (file[i + 1] === SOS) return file.subarray(end);
    i = end;
  }
  return new Uint8Array();
}

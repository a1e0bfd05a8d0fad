/** The file that opens of a document of the tests' quality. */
import { insertTables } from '../../../tokenizer/codecs/jpeg/view.ts';

export function toJpegFile(document: Uint8Array): Buffer {
  return Buffer.from(insertTables(document, 25));
}

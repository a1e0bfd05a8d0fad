/** `response_format`: adds the document of a choice as a file that opens to its text. */
import { CodecLmError } from '../../base/error.ts';
import type { Service } from './service.ts';

/** Prompt and continuation together. */
export interface ChoiceFile {
  mime: string;
  /** The file as a data URL; the part after the comma is base64. */
  url: string;
}

export type FileFields = { file: ChoiceFile } | { file: null; file_error: string };

/** @param ids prompt and continuation; the document begins after their last `<bos>` */
export async function fileOf(
  { codec, tokenizer }: Service,
  ids: readonly number[],
): Promise<FileFields> {
  try {
    const own = ids.slice(ids.lastIndexOf(tokenizer.bosId) + 1);
    const document = tokenizer.decode(own, { specials: 'skip' });
    const file = Buffer.from(await codec.view(document));
    const { mime } = codec.definition.file;
    return { file: { mime, url: `data:${mime};base64,${file.toString('base64')}` } };
  } catch (error) {
    // The document was cut off by `max_tokens` or `stop`, or drawn without the grammar.
    if (!(error instanceof CodecLmError) || error.scope === 'machine') throw error;
    return { file: null, file_error: `the document is not complete: ${error.message}` };
  }
}

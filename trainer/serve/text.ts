/** Bytes as text: byte b is the character U+2800 + b, as in the tokenizer.json and the authors' code. */
import { HttpError } from './errors.ts';

const BRAILLE = 0x2800;

export function textOf(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) text += String.fromCharCode(BRAILLE + byte);
  return text;
}

/** @throws HttpError 400 for a character that stands for no byte */
export function bytesOf(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) {
    const byte = text.charCodeAt(i) - BRAILLE;
    if (byte < 0 || byte > 255) {
      throw new HttpError(
        400,
        `character ${i} of a prompt or stop text is no braille character: bytes are written as U+2800 to U+28FF`,
      );
    }
    bytes[i] = byte;
  }
  return bytes;
}

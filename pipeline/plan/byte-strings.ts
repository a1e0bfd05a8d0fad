/**
 * File names are bytes, not text. Inside the pipeline a path is a "byte string": a JavaScript
 * string with one character (U+0000..U+00FF) per byte, which compares like the bytes and takes one
 * byte per character. In files and messages it is text: UTF-8 where the bytes are UTF-8, `\xHH`
 * where they are not; backslash and control characters are escaped too, so that a name is one field
 * of one line.
 */
import { isUtf8 } from 'node:buffer';
import { resolve } from 'node:path';
import { isRemote } from '../../base/storage/index.ts';

export type ByteString = string;

/** The bytes for functions of node:fs. */
export function bytesOf(path: ByteString): Buffer {
  return Buffer.from(path, 'latin1');
}

/** Converts text that a person typed, or that Node decoded. */
export function fromText(text: string): ByteString {
  return Buffer.from(text, 'utf8').toString('latin1');
}

export function absolute(path: ByteString): ByteString {
  return isAbsolute(path) ? path : fromText(resolve(Buffer.from(path, 'latin1').toString()));
}

/** Whether the path is a place by itself: from the root, or a URL. */
export function isAbsolute(path: ByteString): boolean {
  return path.startsWith('/') || isFar(path);
}

/** Whether the file is read over a network: from object storage or a web server. */
export function isFar(path: ByteString): boolean {
  return isRemote(path) || path.startsWith('https://');
}

/** The place as text, for files that are not on this machine: their names are UTF-8. */
export function textPlace(path: ByteString): string {
  return bytesOf(path).toString('utf8');
}

export function join(folder: ByteString, name: ByteString): ByteString {
  if (folder === '') return name;
  return folder.endsWith('/') ? folder + name : `${folder}/${name}`;
}

/** Lower-case extension with its dot; '' if there is none. */
export function extensionOf(path: ByteString): string {
  const name = path.slice(path.lastIndexOf('/') + 1);
  const dot = name.lastIndexOf('.');
  return dot <= 0 ? '' : name.slice(dot).toLowerCase();
}

/** Escapes a byte string as one field of a line. */
export function escapePath(path: ByteString): string {
  const bytes = bytesOf(path);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these characters are escaped
  if (isUtf8(bytes)) return bytes.toString('utf8').replace(/[\\\x00-\x1f\x7f]/g, escapeCharacter);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these characters are escaped
  return path.replace(/[\\\x00-\x1f\x7f-\xff]/g, escapeCharacter);
}

/** The inverse of {@link escapePath}. */
export function unescapePath(text: string): ByteString {
  return fromText(text).replace(/\\(x[0-9a-f]{2}|\\)/g, (_, what: string) =>
    what === '\\' ? '\\' : String.fromCharCode(Number.parseInt(what.slice(1), 16)),
  );
}

function escapeCharacter(character: string): string {
  if (character === '\\') return '\\\\';
  return `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`;
}

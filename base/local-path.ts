/** Turns the path or URL of a file, as typed by a person, into a local path. */
import { fileURLToPath } from 'node:url';
import { CodecLmError, messageOf } from './error.ts';

/** A scheme has at least two letters here: one letter is a Windows drive (RFC 3986, 3.1). */
const SCHEME = /^([a-z][a-z0-9+.-]+):\/\//i;

/**
 * The only function that decides which URLs name files.
 * @param text a path, or a `file://` URL
 * @param option the option or argument that held the text, for the message: `--out`, `SRC` …
 * @returns the path
 * @throws CodecLmError `USAGE` that names the scheme
 */
export function localPath(text: string, option: string): string {
  const scheme = SCHEME.exec(text)?.[1].toLowerCase();
  if (scheme === undefined) return text;
  if (scheme !== 'file') {
    throw new CodecLmError('USAGE', `${option} ${text}: ${scheme}:// URLs are not supported`, {
      hint: 'name a local path: mount or copy remote files first',
    });
  }
  try {
    return fileURLToPath(text);
  } catch (error) {
    throw new CodecLmError('USAGE', `${option} ${text}: ${messageOf(error)}`, {
      cause: error,
      hint: 'a file URL of this machine begins with file:///',
    });
  }
}

/**
 * Like {@link localPath}, for a value that may be a list of paths: `@list.txt`,
 * `@file:///list.txt`.
 */
export function localSource(text: string, option: string): string {
  return text.startsWith('@') ? `@${localPath(text.slice(1), option)}` : localPath(text, option);
}

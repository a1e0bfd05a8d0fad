/** Where a file is, as typed by a person: so far always on a local file system. */
import { fileURLToPath } from 'node:url';
import { CodecLmError, messageOf } from './error.ts';

/** One letter alone is a drive of Windows, not a scheme (RFC 3986, 3.1). */
const SCHEME = /^([a-z][a-z0-9+.-]+):\/\//i;

/**
 * The one place that knows which URLs name files.
 * @param text a path, or a `file://` URL
 * @param option what it was given as, for the message: `--out`, `SRC` …
 * @returns the path
 * @throws CodecLmError `USAGE` that names the scheme
 */
export function localPath(text: string, option: string): string {
  const scheme = SCHEME.exec(text)?.[1].toLowerCase();
  if (scheme === undefined) return text;
  if (scheme !== 'file') {
    throw new CodecLmError('USAGE', `${option} ${text}: ${scheme}:// is no place known here`, {
      hint: 'name a local path: mount what lies elsewhere, or copy it first',
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

/** The same for what may be a list of paths: `@list.txt`, `@file:///list.txt`. */
export function localSource(text: string, option: string): string {
  return text.startsWith('@') ? `@${localPath(text.slice(1), option)}` : localPath(text, option);
}

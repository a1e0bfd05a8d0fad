/**
 * Places: paths of this machine and URLs of object storage, as one kind of text. Paths behave as in
 * node:path; the parts of a URL are joined without being normalized.
 */
import * as path from 'node:path';
import { CodecLmError } from '../error.ts';
import { localPath } from '../local-path.ts';

const S3 = /^s3:\/\//i;

/** A bucket's name (AWS, "Bucket naming rules"), and a key that may be empty. */
const S3_PLACE = /^s3:\/\/([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?:\/(.*))?$/is;

/** Whether the place is in object storage. */
export function isRemote(place: string): boolean {
  return S3.test(place);
}

/** Like node's `join`, for both kinds of places. */
export function joinPlace(folder: string, ...names: string[]): string {
  if (!isRemote(folder)) return path.join(folder, ...names);
  return [folder.replace(/\/+$/, ''), ...names.filter((name) => name !== '')].join('/');
}

/** The folder of a place; that of a bucket is the bucket. */
export function parentOf(place: string): string {
  if (!isRemote(place)) return path.dirname(place);
  const parent = place.slice(0, place.lastIndexOf('/'));
  return parent.length > 's3://'.length ? parent : place;
}

export function absolutePlace(place: string): string {
  return isRemote(place) ? place.replace(/(?<=[^/])\/+$/, '') : path.resolve(place);
}

/**
 * Reads a place as typed by a person.
 * @param option the option or argument that held the text, for the message
 * @returns a path, or `s3://bucket/key` with the scheme in lower case
 * @throws CodecLmError `USAGE` for another scheme, or a bucket that cannot exist
 */
export function parsePlace(text: string, option: string): string {
  if (!isRemote(text)) return localPath(text, option);
  const place = `s3://${text.slice('s3://'.length)}`;
  if (S3_PLACE.test(place)) return place;
  throw new CodecLmError('USAGE', `${option} ${text}: it does not name a bucket`, {
    hint: 'write it as s3://BUCKET/PREFIX; a bucket has 3 to 63 lower-case letters, digits, dots and hyphens',
  });
}

/** Like {@link parsePlace}, for a value that may be a list: `@s3://bucket/list.txt`. */
export function parseSourcePlace(text: string, option: string): string {
  return text.startsWith('@') ? `@${parsePlace(text.slice(1), option)}` : parsePlace(text, option);
}

/**
 * Splits the URL of an object.
 * @throws CodecLmError `USAGE` when it names no bucket
 */
export function objectOf(place: string): { bucket: string; key: string } {
  const found = S3_PLACE.exec(place);
  if (found) return { bucket: found[1].toLowerCase(), key: found[2] ?? '' };
  throw new CodecLmError('USAGE', `${place} does not name a bucket`, { path: place });
}

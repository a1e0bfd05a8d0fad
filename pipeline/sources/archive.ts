/**
 * Files that are named like an archive, or given as one: a tar that is listed, or a problem that is
 * reported.
 */
import { reasonOf } from '../../base/error.ts';
import { type ByteString, extensionOf } from '../plan/byte-strings.ts';
import { compressionOf, compressionProblem } from './compressed.ts';
import { type Input, isFatal, type ListingContext } from './source.ts';
import { beginsLikeTar, listTar } from './tar/list.ts';
import { type Archive, openArchive } from './tar/open.ts';

type Content = 'tar' | 'other' | { problem: string };

/**
 * Lists a file with the name of an archive.
 * @param path relative to the base of the source
 */
export async function* listArchive(
  source: number,
  file: ByteString,
  context: ListingContext,
  path: ByteString = '',
): AsyncGenerator<Input> {
  const extension = extensionOf(file);
  // A file with the right name whose content is wrong is reported when it is read.
  const content = extension === '.tar' ? 'tar' : await contentOf(file);
  if (content === 'tar') yield* listTar(source, file, context, path);
  else if (content === 'other') context.report.ignored(extension);
  else context.report.unread(file, content.problem);
}

/** Lists a file that was named as a source: an archive by its content, otherwise an input. */
export async function* listNamed(
  source: number,
  file: ByteString,
  context: ListingContext,
): AsyncGenerator<Input> {
  const extension = extensionOf(file);
  if (extension === '.tar') {
    yield* listTar(source, file, context);
    return;
  }
  // The codec decides about a file with an input's name.
  const content = context.extensions.has(extension) ? 'other' : await contentOf(file);
  if (content === 'tar') yield* listTar(source, file, context);
  else if (content === 'other') yield { source, path: '' };
  else context.report.unread(file, content.problem);
}

async function contentOf(file: ByteString): Promise<Content> {
  let handle: Archive | undefined;
  try {
    handle = await openArchive(file);
    const compression = await compressionOf(handle);
    if (compression) return { problem: compressionProblem(file, compression) };
    return (await beginsLikeTar(handle)) ? 'tar' : 'other';
  } catch (error) {
    if (isFatal(error)) throw error;
    return { problem: reasonOf(error) };
  } finally {
    await handle?.close();
  }
}

/** Reads a member whose headers have to be read again: a sparse one, with zeros in its holes. */
import type { ByteString } from '../../plan/byte-strings.ts';
import { takeBuffer } from '../buffers.ts';
import type { Member } from '../source.ts';
import { membersOf, readAt, type TarMember } from './members.ts';
import { openArchive } from './open.ts';

/**
 * @param at offset of the first header of the member
 * @returns the content; return its memory by `giveBuffer`
 * @throws Error when the archive is not the planned one any more, or is truncated
 */
export async function readByHeaders(
  file: ByteString,
  { size }: Member,
  at: number,
): Promise<Buffer> {
  const archive = await openArchive(file);
  try {
    const found: TarMember | undefined = (await membersOf(archive, at).next()).value ?? undefined;
    if (found?.size !== size) {
      throw new Error(
        `the archive was changed since it was planned: no file of ${size} bytes at byte ${at}`,
      );
    }
    const content = takeBuffer(size).fill(0);
    let position = found.offset;
    for (const part of found.sparse?.parts ?? [{ offset: 0, size }]) {
      (await readAt(archive, position, part.size)).copy(content, part.offset);
      position += part.size;
    }
    return content;
  } finally {
    await archive.close();
  }
}

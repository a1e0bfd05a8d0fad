/**
 * Lists the inputs inside a tar archive, as webdataset and img2dataset write them. It reads only
 * headers; members are read in place later. Entries that are not plain files are handled as in
 * Python's tarfile: a link within the archive has the content of its target.
 */
import { reasonOf } from '../../../base/error.ts';
import { Sidecars } from '../../columns/sidecars.ts';
import { type ByteString, extensionOf, join } from '../../plan/byte-strings.ts';
import { compressionOf, compressionProblem, isArchiveName } from '../compressed.ts';
import { type Input, isFatal, isInputName, type ListingContext, type Member } from '../source.ts';
import { isChecksumRight, isZeroBlock, TAR_BLOCK, TYPE } from './header.ts';
import { type Link, resolveLinks } from './links.ts';
import { membersOf, readAt, type TarMember } from './members.ts';
import { type Archive, openArchive } from './open.ts';

/** Types without a file, which are no loss: their names for people. */
const OTHERS: Readonly<Record<string, string>> = {
  [TYPE.characterDevice]: 'a device, not a file',
  [TYPE.blockDevice]: 'a device, not a file',
  [TYPE.pipe]: 'a named pipe, not a file',
  [TYPE.label]: 'the label of a volume, not a file',
};

const FOLDERS = new Set<string>([TYPE.folder, TYPE.dumpFolder]);

/** @param path path of the archive, relative to the base of the source */
export async function* listTar(
  source: number,
  file: ByteString,
  context: ListingContext,
  path: ByteString = '',
): AsyncGenerator<Input> {
  let archive: Archive | undefined;
  const links: Link[] = [];
  // What waits for the other members of its key: inputs, and links among them.
  let waiting: { input?: Member; link?: Link }[] = [];
  let sidecars: Sidecars | undefined;
  const complete = function* (): Generator<Input> {
    const values = sidecars?.finish(waiting.length > 0);
    for (const { input, link } of waiting) {
      if (link) links.push({ ...link, values });
      else if (input) yield { source, path, member: input, ...(values ? { values } : {}) };
    }
    waiting = [];
  };
  try {
    archive = await openArchive(file);
    const compression = await compressionOf(archive);
    if (compression) throw new Error(compressionProblem(file, compression));
    if (context.columns && context.columns.specs.length > 0)
      sidecars = new Sidecars(context.columns, archive, file, context.report);
    let order = 0;
    for await (const member of membersOf(archive)) {
      context.signal?.throwIfAborted();
      order++;
      if (!sidecars || sidecars.isNext(member)) yield* complete();
      if (await sidecars?.read(member)) continue;
      if (isLink(member)) {
        if (isWanted(member.name, context)) waiting.push({ link: { ...member, order } });
      } else {
        const input = inputOf(file, member, context);
        if (input) waiting.push({ input });
      }
    }
  } catch (error) {
    if (context.signal?.aborted || isFatal(error)) throw error;
    context.report.unread(file, reasonOf(error));
  }
  yield* complete();
  try {
    if (archive && links.length > 0) {
      for await (const found of linked(archive, file, links, context)) {
        yield { source, path, ...found };
      }
    }
  } finally {
    await archive?.close();
  }
}

function isLink({ type }: TarMember): boolean {
  return type === TYPE.hardLink || type === TYPE.symbolicLink;
}

/** Whether a member is an input by its name; counts the others. */
function isWanted(name: ByteString, context: ListingContext): boolean {
  const extension = extensionOf(name);
  if (isInputName(name, extension, context)) return true;
  context.report.ignored(extension);
  return false;
}

/** @returns undefined for a member that is not an input; it is counted or reported then */
function inputOf(file: ByteString, member: TarMember, context: ListingContext): Member | undefined {
  const { name, type } = member;
  const { report } = context;
  if (FOLDERS.has(type)) return undefined;
  if (OTHERS[type]) {
    report.problem(join(file, name), OTHERS[type]);
  } else if (type === TYPE.continued) {
    report.unread(join(file, name), 'the rest of a file that begins in another volume');
  } else if (isArchiveName(name, context.extensions)) {
    report.unread(join(file, name), 'an archive inside an archive is not opened: unpack it');
  } else if (isWanted(name, context)) {
    return placeOf(name, member);
  }
  return undefined;
}

/** @param member the member that holds the content, maybe under another name */
function placeOf(name: ByteString, member: TarMember): Member {
  const { offset, size, start, sparse, isResized } = member;
  return sparse || isResized ? { name, offset, size, headersAt: start } : { name, offset, size };
}

async function* linked(
  archive: Archive,
  file: ByteString,
  links: readonly Link[],
  { report, signal }: ListingContext,
): AsyncGenerator<Pick<Input, 'member' | 'values'>> {
  for (const { link, target } of await resolveLinks(archive, links, signal)) {
    const place = join(file, link.name);
    if (!target) {
      report.unread(place, `a link to ${link.linkName}, which is not in the archive`);
    } else if (FOLDERS.has(target.type)) {
      report.problem(place, `a link to a folder, whose files are listed under their own names`);
    } else if (OTHERS[target.type]) {
      report.problem(place, `a link to ${OTHERS[target.type]}`);
    } else {
      const { values } = link;
      yield { member: placeOf(link.name, target), ...(values ? { values } : {}) };
    }
  }
}

/** @returns whether the file begins with a tar header, whatever its name is */
export async function beginsLikeTar(archive: Archive): Promise<boolean> {
  try {
    const block = await readAt(archive, 0, TAR_BLOCK);
    return !isZeroBlock(block) && isChecksumRight(block);
  } catch {
    return false;
  }
}

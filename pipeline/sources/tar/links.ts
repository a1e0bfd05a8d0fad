/**
 * Resolves the links of a tar archive to members of the same archive, as Python's tarfile does.
 */
import { posix } from 'node:path';
import type { RawValue } from '../../../schemas/columns.ts';
import type { ByteString } from '../../plan/byte-strings.ts';
import { isFatal } from '../source.ts';
import { TYPE } from './header.ts';
import { membersOf, type TarMember } from './members.ts';
import type { Archive } from './open.ts';

/** A member that is a link, with its index among all members. */
export interface Link extends TarMember {
  order: number;
  /** Values of columns, which stand beside the link. */
  values?: readonly RawValue[];
}

export interface ResolvedLink {
  link: Link;
  /** The member that holds the content; undefined when there is none. */
  target?: TarMember;
}

/** Longest chain of links. */
const MAX_CHAIN = 40;

/**
 * Reads the headers once more, so that only the targets of links are kept in memory.
 * @returns the links in their order
 */
export async function resolveLinks(
  archive: Archive,
  links: readonly Link[],
  signal?: AbortSignal,
): Promise<ResolvedLink[]> {
  const wanted = new Map<ByteString, Link[]>();
  for (const link of links) wanted.set(targetName(link), []);
  // The target of a link may not be an input by its own name.
  await collect(archive, wanted, signal);
  for (let chain = 0; chain < MAX_CHAIN; chain++) {
    const more = [...wanted.values()].flat().filter(isLink).map(targetName);
    const missing = more.filter((name) => !wanted.has(name));
    if (missing.length === 0) break;
    for (const name of missing) wanted.set(name, []);
    await collect(archive, wanted, signal);
  }
  return links.map((link) => ({ link, target: follow(link, wanted) }));
}

function isLink({ type }: TarMember): boolean {
  return type === TYPE.hardLink || type === TYPE.symbolicLink;
}

/** A symbolic link is relative to its own folder, a hard link to the root of the archive. */
function targetName({ type, name, linkName }: TarMember): ByteString {
  const isSymbolic = type === TYPE.symbolicLink && !linkName.startsWith('/');
  return normalized(isSymbolic ? `${posix.dirname(name)}/${linkName}` : linkName);
}

function normalized(name: ByteString): ByteString {
  return posix.normalize(name).replace(/(?<=.)\/+$/, '');
}

async function collect(
  archive: Archive,
  wanted: Map<ByteString, Link[]>,
  signal?: AbortSignal,
): Promise<void> {
  for (const found of wanted.values()) found.length = 0;
  let order = 0;
  try {
    for await (const member of membersOf(archive)) {
      signal?.throwIfAborted();
      order++;
      wanted.get(normalized(member.name))?.push({ ...member, order });
    }
  } catch (error) {
    // Damage was reported when the members were listed.
    if (signal?.aborted || isFatal(error)) throw error;
  }
}

/** The last member of that name; for a hard link, the last one before it. */
function follow(link: Link, wanted: ReadonlyMap<ByteString, Link[]>): TarMember | undefined {
  let at: Link | undefined = link;
  for (let chain = 0; chain < MAX_CHAIN && at && isLink(at); chain++) {
    const { type, order }: Link = at;
    const named: Link[] = wanted.get(targetName(at)) ?? [];
    at = named.findLast((member) => type === TYPE.symbolicLink || member.order < order);
  }
  return at && !isLink(at) ? at : undefined;
}

/**
 * Files whose documents interleave (partitions, tails, held-out ones, a round of
 * retries), read as one stream ascending by document id.
 */

interface Spanned {
  firstDoc: number | null;
  lastDoc: number | null;
  /** Null for the shards of tails. */
  partition: number | null;
}

/**
 * As few chains as there can be of files that follow one another without overlap.
 * Those of partitions come before those of tails: that is the order of the parts of
 * a document that lies in both. Files that hold no document are left out.
 */
export function chainsOf<T extends Spanned>(files: readonly T[]): T[][] {
  return [false, true].flatMap((isTail) => {
    const chains: { end: number; files: T[] }[] = [];
    const own = files.filter((file) => (file.partition === null) === isTail);
    for (const file of own.sort((a, b) => (a.firstDoc ?? 0) - (b.firstDoc ?? 0))) {
      if (file.firstDoc === null || file.lastDoc === null) continue;
      const { firstDoc, lastDoc } = file;
      const chain = chains.find(({ end }) => end < firstDoc);
      if (chain) {
        chain.files.push(file);
        chain.end = lastDoc;
      } else {
        chains.push({ end: lastDoc, files: [file] });
      }
    }
    return chains.map((chain) => chain.files);
  });
}

/** All items of each document, streams in the order given; each stream ascends by docId. */
export async function* mergeByDocument<T extends { docId: number }>(
  streams: AsyncGenerator<T>[],
): AsyncGenerator<T[]> {
  const heads = await Promise.all(streams.map((stream) => stream.next()));
  try {
    for (;;) {
      const ids = heads.flatMap((head) => (head.done ? [] : [head.value.docId]));
      if (ids.length === 0) return;
      const docId = Math.min(...ids);
      const items: T[] = [];
      for (const [i, stream] of streams.entries()) {
        for (let head = heads[i]; !head.done && head.value.docId === docId; head = heads[i]) {
          items.push(head.value);
          heads[i] = await stream.next();
        }
      }
      yield items;
    }
  } finally {
    for (const stream of streams) await stream.return(undefined);
  }
}

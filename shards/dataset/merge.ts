/**
 * Reads files whose documents interleave (of partitions, tails, held-out documents, retries) as one
 * stream in ascending order of document ids.
 */

interface Spanned {
  firstDoc: number | null;
  lastDoc: number | null;
  /** Number of the partition; null for the shards of tails. */
  partition: number | null;
}

/**
 * Groups files into as few chains as possible; in a chain, files follow one another without
 * overlap. Files of partitions come before those of tails, which is the order of the parts of a
 * document that lies in both. Files without documents are left out.
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

/**
 * All items of each document, in the order of the streams; each stream is in ascending order of
 * docId.
 */
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

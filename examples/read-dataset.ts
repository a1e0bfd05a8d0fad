/** Reads a dataset: its manifest, its documents, and one of them as a viewable file. */
import { openDataset, openViewer } from 'codec-lm/shards';

const [dir] = process.argv.slice(2);
const dataset = await openDataset(dir);
const { codec, seqLen, vocabSize, totals } = dataset.manifest;
console.log(
  `${totals.documents} documents of ${codec.name}, rows of ${seqLen} of ${vocabSize} ids`,
);

let longest = { docId: -1, tokens: 0 };
for await (const { docId, ids } of dataset.documents()) {
  if (ids.length > longest.tokens) longest = { docId, tokens: ids.length };
}
console.log(`the longest is document ${longest.docId} with ${longest.tokens} tokens`);

const viewer = await openViewer(dataset);
const { ids } = await dataset.readDocument(longest.docId);
const document = viewer.symbolsOf(ids);
const file = await viewer.codec.view(document);
const { extension } = viewer.codec.definition.file;
console.log(`${document.length} canonical bytes, ${file.length} as ${extension}`);
await dataset.close();

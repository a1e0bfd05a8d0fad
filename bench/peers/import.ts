/**
 * This project's half of compare_import.py. Usage: import.ts DIR, a folder with `documents.json` (hex)
 * and, for each model, a folder of Hugging Face's kind. Writes into each of those `ours.json`: the ids
 * of all documents and, where it has weights, the bits per byte of the first one after an import.
 */
import { existsSync } from 'node:fs';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { openTokenizer } from '../../tokenizer/index.ts';
import { importModel } from '../../trainer/import/import.ts';
import { loadModel } from '../../trainer/sample/model.ts';
import { scoreDocument } from '../../trainer/score/document.ts';

const [dir] = process.argv.slice(2);
const documents = (JSON.parse(await readFile(join(dir, 'documents.json'), 'utf8')) as string[]).map(
  (hex) => new Uint8Array(Buffer.from(hex, 'hex')),
);

async function bitsPerByte(from: string): Promise<number> {
  const to = `${from}-imported`;
  await importModel({ from, to, codec: { name: 'jpeg', options: { size: '32' } } });
  const model = await loadModel(to, { weights: 'fp32' });
  const [symbols] = documents;
  const ids = model.tokenizer.encodeDocument(symbols);
  const size = { sequences: 1, positions: ids.length, threads: 1 };
  const { bitsPerSymbol } = await model.use(size, (engine) =>
    scoreDocument({ symbols, ids }, model.tokenizer, engine),
  );
  await model.close();
  return bitsPerSymbol;
}

for (const entry of await readdir(dir, { withFileTypes: true })) {
  if (!entry.isDirectory()) continue;
  const folder = join(dir, entry.name);
  const tokenizer = await openTokenizer(folder);
  const ids = documents.map((document) => [...tokenizer.encode(document)]);
  const bits = existsSync(join(folder, 'config.json')) ? await bitsPerByte(folder) : undefined;
  await writeFile(join(folder, 'ours.json'), JSON.stringify({ ids, bits }));
}

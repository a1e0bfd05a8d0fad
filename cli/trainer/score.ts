/** `trainer score`: bits per byte of files under a checkpoint, and where they go. */
import { basename, join } from 'node:path';
import { z } from 'zod';
import { formatTable } from '../../base/format.ts';
import { command } from '../command.ts';

const options = z.object({
  checkpoint: z
    .string()
    .describe('Checkpoint folder, or a run directory for its newest one')
    .meta({ valueName: 'dir' }),
  map: z
    .string()
    .optional()
    .describe(
      'Folder for heat maps, made here: the bits of each part (a macroblock, say) over the image, or over each frame of a clip, as PNG',
    )
    .meta({ valueName: 'dir' }),
  threads: z.int().min(1).max(64).optional().describe('Cores to use; default all'),
  json: z.boolean().default(false).describe('One JSON value a file'),
});

export const scoreCommand = command({
  name: 'score',
  summary: 'How many bits a checkpoint needs for each byte of a file',
  positionals: [
    {
      name: 'file',
      description: 'Images in any format, or clips: what the checkpoint was trained on',
      variadic: true,
    },
  ],
  options,
  examples: [
    'trainer score --checkpoint RUN photo.jpg',
    'trainer score --checkpoint RUN --map maps *.png',
  ],
  async run(files, { checkpoint: path, map, threads, json }, io) {
    const { loadEngine, readCheckpoint } = await import('../../trainer/sample/load.ts');
    const { makeEmpty, write } = await import('../../trainer/sample/output.ts');
    const { readDocument, scoreDocument } = await import('../../trainer/score/score.ts');
    const { chooseBackend } = await import('../../trainer/backend/choose.ts');
    const { unitOf } = await import('../../tokenizer/alphabet.ts');
    const checkpoint = await readCheckpoint(path);
    const unit = unitOf(checkpoint.tokenizer.alphabet);
    const documents = [];
    for (const file of files) documents.push(await readDocument(file, checkpoint));
    if (map) await makeEmpty(map);
    const positions = Math.max(...documents.map(({ ids }) => ids.length));
    const engine = await loadEngine(checkpoint, { sequences: 1, positions, threads }, () =>
      chooseBackend({ onEvent: ({ reason }) => io.log(reason) }),
    );
    const table: string[][] = [];
    for (const [i, document] of documents.entries()) {
      if (io.signal.aborted) break;
      const file = files[i];
      io.progress.update(`${i}/${files.length} files`);
      const score = await scoreDocument(document, checkpoint.tokenizer, engine);
      const { bitsPerSymbol, symbols, tokens, symbolBits } = score;
      let heatMap: string | undefined;
      if (map) {
        heatMap = join(map, `${String(i).padStart(4, '0')}-${basename(file)}.png`);
        await write(heatMap, await checkpoint.codec.surprise(document.symbols, symbolBits));
      }
      const found =
        unit === 'byte'
          ? { bitsPerByte: bitsPerSymbol, bytes: symbols }
          : { bitsPerSymbol, symbols };
      if (json) io.printJson({ file, ...found, tokens, map: heatMap });
      else table.push([file, bitsPerSymbol.toFixed(4), String(symbols), String(tokens)]);
    }
    io.progress.done();
    await engine.dispose();
    if (!json) io.print(formatTable(['file', `bits/${unit}`, `${unit}s`, 'tokens'], table));
    return 0;
  },
});

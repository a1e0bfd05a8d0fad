/**
 * `trainer score`: shows the bits per byte of files under a checkpoint, and the bits of each part.
 */
import { basename, join } from 'node:path';
import { z } from 'zod';
import { formatTable } from '../../base/format.ts';
import { checkpointOption, threadsOption, weightsOption } from '../../schemas/sample.ts';
import { checkpointCodecOptions, codecChoiceOf } from '../codec-option.ts';
import { command } from '../command.ts';
import { showLoading } from './loading.ts';
import { pastLine } from './past-line.ts';

const options = z.object({
  checkpoint: checkpointOption,
  ...checkpointCodecOptions(),
  map: z
    .string()
    .optional()
    .describe(
      'Folder for heat maps, made here: the bits of each part (a macroblock, say) over the image, or over each frame of a clip, as PNG',
    )
    .meta({ valueName: 'dir' }),
  threads: threadsOption.describe('Cores to use; default all'),
  weights: weightsOption,
  json: z.boolean().default(false).describe('One JSON value per file'),
});

export const scoreCommand = command({
  name: 'score',
  summary: 'Show how many bits a checkpoint needs per byte of a file',
  positionals: [
    {
      name: 'file',
      description:
        'Images in any format, or clips: inputs of the kind that the checkpoint was trained on',
      variadic: true,
    },
  ],
  options,
  examples: [
    'trainer score --checkpoint RUN photo.jpg',
    'trainer score --checkpoint RUN --map maps *.png',
  ],
  async run(files, { checkpoint, map, threads, weights, json, ...given }, io) {
    const { loadModel } = await import('../../trainer/sample/model.ts');
    const { makeEmpty, write } = await import('../../trainer/sample/output.ts');
    const { score } = await import('../../trainer/score/score.ts');
    const { unitOf } = await import('../../tokenizer/alphabet.ts');
    const model = await loadModel(checkpoint, {
      codec: codecChoiceOf(given),
      weights,
      onEvent: (event) => showLoading(event, io),
    });
    const scores = score(model, files, {
      threads,
      signal: io.signal,
      onEvent(event) {
        if (event.type === 'progress') {
          io.progress.update(`${event.done}/${event.total} files`);
          return;
        }
        const { type, ...lengths } = event;
        io.log(pastLine('files take', event));
        if (json) io.printJson({ event: type, ...lengths });
      },
    });
    const table: string[][] = [];
    for await (const { source: file, unit, bitsPerSymbol, symbols, tokens, heatMap } of scores) {
      if (map && table.length === 0) await makeEmpty(map);
      let mapFile: string | undefined;
      if (map) {
        const number = String(table.length).padStart(4, '0');
        mapFile = join(map, `${number}-${basename(file)}.png`);
        await write(mapFile, await heatMap());
      }
      const found =
        unit === 'byte'
          ? { bitsPerByte: bitsPerSymbol, bytes: symbols }
          : { bitsPerSymbol, symbols };
      if (json) io.printJson({ file, ...found, tokens, map: mapFile });
      table.push([file, bitsPerSymbol.toFixed(4), String(symbols), String(tokens)]);
    }
    io.progress.done();
    await model.close();
    const unit = unitOf(model.tokenizer.alphabet);
    if (!json) io.print(formatTable(['file', `bits/${unit}`, `${unit}s`, 'tokens'], table));
    return 0;
  },
});

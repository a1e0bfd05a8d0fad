/**
 * `trainer score`: shows the bits per byte of files under a checkpoint, and the bits of each part.
 */
import { basename, join, resolve } from 'node:path';
import { z } from 'zod';
import { CodecLmError } from '../../base/error.ts';
import { formatTable } from '../../base/format.ts';
import {
  cacheOption,
  checkpointOption,
  engineOption,
  threadsOption,
  weightsOption,
} from '../../schemas/sample.ts';
import type { Figures } from '../../trainer/score/gather.ts';
import type { MappedScore } from '../../trainer/score/page.ts';
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
  html: z
    .string()
    .optional()
    .describe('Page to write: each picture beside its heat map, with a legend')
    .meta({ valueName: 'file' }),
  threads: threadsOption.describe('Cores to use; default all'),
  weights: weightsOption,
  cache: cacheOption,
  engine: engineOption,
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
    'trainer score --checkpoint RUN --html maps.html *.png',
    'mpirun -n 8 node bin/trainer.js score --checkpoint RUN --json *.png',
  ],
  async run(files, { checkpoint, map, html, threads, weights, cache, engine, json, ...given }, io) {
    const { rankZeroFirst, withRanks } = await import('../../trainer/distributed/share.ts');
    const { loadModel } = await import('../../trainer/sample/model.ts');
    const { makeEmpty, write } = await import('../../trainer/sample/output.ts');
    const { gatherFigures } = await import('../../trainer/score/gather.ts');
    const { mappedScore, writeScoresPage } = await import('../../trainer/score/page.ts');
    const { score } = await import('../../trainer/score/score.ts');
    const { unitOf } = await import('../../tokenizer/alphabet.ts');
    return withRanks(async (communicator) => {
      const isTold = communicator.rank === 0;
      if (html !== undefined && communicator.size > 1) {
        throw new CodecLmError('USAGE', '--html: one process writes the page', {
          hint: 'use --map with several, or leave mpirun out',
        });
      }
      const model = await rankZeroFirst(communicator, () =>
        loadModel(checkpoint, {
          codec: codecChoiceOf(given),
          weights,
          cache,
          engine,
          onEvent: (event) => isTold && showLoading(event, io),
        }),
      );
      const unit = unitOf(model.tokenizer.alphabet);
      const scores = score(model, files, {
        threads,
        communicator,
        signal: io.signal,
        onEvent(event) {
          if (event.type === 'progress') {
            io.progress.update(`${event.done}/${event.total} files`);
            return;
          }
          // Each line on stdout is one file.
          io.log(pastLine('files take', event));
        },
      });
      const mapOf = (index: number) =>
        map && join(map, `${String(index).padStart(4, '0')}-${basename(files[index])}.png`);
      const table: string[][] = [];
      const tell = (index: number, { bitsPerSymbol, symbols, tokens }: Figures) => {
        const file = files[index];
        const found =
          unit === 'byte'
            ? { bitsPerByte: bitsPerSymbol, bytes: symbols }
            : { bitsPerSymbol, symbols };
        if (json) io.printJson({ file, ...found, tokens, map: mapOf(index) });
        table.push([file, bitsPerSymbol.toFixed(4), String(symbols), String(tokens)]);
      };
      const isAlone = communicator.size === 1;
      if (map && !isAlone) {
        await rankZeroFirst(communicator, async () => {
          if (isTold) await makeEmpty(map);
        });
      }
      const own = new Map<number, Figures>();
      const shown: MappedScore[] = [];
      for await (const scored of scores) {
        const { index } = scored;
        if (map && isAlone && own.size === 0) await makeEmpty(map);
        const mapFile = mapOf(index);
        if (mapFile) await write(mapFile, await scored.heatMap());
        if (html !== undefined) shown.push(await mappedScore(scored));
        own.set(index, scored);
        if (isAlone) tell(index, scored);
      }
      if (html !== undefined) await writeScoresPage(resolve(html), shown, checkpoint);
      if (!isAlone) {
        const all = await gatherFigures(own, files.length, communicator);
        if (isTold) for (const [index, figures] of all) tell(index, figures);
      }
      await model.close();
      if (!isTold) return 0;
      io.progress.done();
      if (!json) io.print(formatTable(['file', `bits/${unit}`, `${unit}s`, 'tokens'], table));
      return 0;
    });
  },
});

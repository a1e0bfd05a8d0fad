/** `trainer evaluate prompts`: prompts, masks and originals for models that run elsewhere. */
import { z } from 'zod';
import { choiceOptions, numbersOption } from '../../../schemas/protocol.ts';
import { parseSize, sizeOption } from '../../../schemas/size.ts';
import { command } from '../../command.ts';

const options = z.object({
  images: z
    .string()
    .describe('Folder of pictures, the same as of `evaluate run`')
    .meta({ valueName: 'dir', group: 'Pictures' }),
  ratio: numbersOption('0.25,0.5,0.75')
    .describe('Shares of a picture that are given, counted from the top')
    .meta({ valueName: 'list', group: 'Pictures', isText: true }),
  ...choiceOptions,
  size: sizeOption
    .default('256')
    .describe('Width and height of every picture in pixels')
    .meta({ group: 'Pictures' }),
  to: z.string().describe('Folder for the prompts').meta({ valueName: 'dir' }),
  json: z.boolean().default(false).describe('One JSON value'),
});

export const evaluatePrompts = command({
  name: 'evaluate prompts',
  summary: 'Prompts, masks and originals of pictures, for models that are run elsewhere',
  options,
  examples: [
    'trainer evaluate prompts --images photos --ratio 0.5 --to prompts',
    'trainer evaluate prompts --images faces --ratio 0.375,0.4375,0.5 --num 1000 --to prompts',
  ],
  notes:
    'Write a completion of each under the same name into a folder DIR/ratio-0.5 (or DIR/ratio-0.5/seed-0 …); `trainer evaluate run --row NAME=DIR` with the same --images, --num and --seed makes it a row of the table. Masks are white where pixels are to be made.',
  goOn: 'same',
  async run(_positionals, { images, ratio, size, to, json, ...choice }, io) {
    const { writePrompts } = await import('../../../evaluation/protocol/prompts.ts');
    const { pictures, folders } = await writePrompts({
      ...{ images, to, ratios: ratio, ...parseSize(size), ...choice },
      signal: io.signal,
      onEvent: (event) =>
        event.type === 'stage' && io.progress.update(`prompts: ${event.done}/${event.total}`),
    });
    io.progress.done();
    if (json) io.printJson({ pictures, folders: folders.map((name) => `${to}/${name}`) });
    else for (const name of folders) io.print(`${to}/${name}: ${pictures} prompts`);
    return 0;
  },
});

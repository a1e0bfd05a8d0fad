/** `tokenizer compare`: what codecs keep of pictures, as a page. */
import { extname } from 'node:path';
import { z } from 'zod';
import { codecsFor } from '../../tokenizer/codecs/registry.ts';
import { command } from '../command.ts';

const isPicture = (name: string) =>
  codecsFor('images').some(({ extensions }) => extensions.has(extname(name).toLowerCase()));

export const compareCommand = command({
  name: 'compare',
  summary:
    'Show what codecs keep of pictures: original, round trip, difference, bits, PSNR and SSIM',
  positionals: [{ name: 'src', description: 'Pictures, and folders of them', variadic: true }],
  options: z.object({
    codec: z
      .array(z.string().meta({ isText: true }))
      .min(1)
      .meta({ valueName: 'name[:option=value,…]', isText: true })
      .describe(
        'A codec to compare, with options as of `pipeline run images --codec NAME`; give it once for each',
      ),
    to: z.string().meta({ valueName: 'page' }).describe('The page to write (HTML)'),
    num: z
      .int()
      .min(1)
      .max(1000)
      .default(24)
      .describe('Pictures at most, spread evenly over all')
      .meta({ group: 'Input' }),
    json: z.boolean().default(false).describe('Print the means of each codec, a JSON value a line'),
  }),
  examples: [
    'tokenizer compare photos/ --codec jpeg --codec jpeg:quality=5 --to compared.html',
    'tokenizer compare faces/ --codec jpeg:size=64 --codec vq:size=64,vq=MODEL --to faces.html',
  ],
  async run(sources, { codec: words, to, num, json }, io) {
    const { listToolInputs } = await import('./inputs.ts');
    const { compareInputs } = await import('./run-compare.ts');
    const all = (await listToolInputs(sources, isPicture)).map(({ path }) => path);
    return compareInputs(all, { words, to, num, json }, io);
  },
});

/** `trainer export`: exports a checkpoint as a model for others, in a chosen precision. */
import { z } from 'zod';
import { command } from '../command.ts';

export const exportCommand = command({
  name: 'export',
  summary: 'Write the model of a checkpoint in Hugging Face layout, in fp32, bf16 or fp16',
  options: z.object({
    checkpoint: z
      .string()
      .describe('Checkpoint folder, or a run to use its newest checkpoint')
      .meta({ valueName: 'dir' }),
    to: z.string().describe('Folder, made here').meta({ valueName: 'dir' }),
    precision: z
      .enum(['fp32', 'bf16', 'fp16'])
      .default('bf16')
      .describe('Number format of the weights; rounded to the nearest'),
    json: z.boolean().default(false).describe('Print the result as one JSON value'),
  }),
  examples: ['trainer export --checkpoint RUN --to model --precision bf16'],
  async run(_positionals, { checkpoint, to, precision, json }, io) {
    const { exportCheckpoint } = await import('../../trainer/checkpoint/export.ts');
    const exported = await exportCheckpoint({
      checkpoint,
      to,
      precision,
      onEvent: ({ reason }) => io.log(reason),
    });
    if (json) io.printJson(exported);
    else io.print(exported.path);
    return 0;
  },
});

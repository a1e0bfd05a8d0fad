/** `trainer export`: exports a checkpoint as a model for others, in a chosen format and precision. */
import { z } from 'zod';
import { command } from '../command.ts';

export const exportCommand = command({
  name: 'export',
  summary: 'Write the model of a checkpoint for other programs: Hugging Face layout, or GGUF',
  options: z.object({
    checkpoint: z
      .string()
      .describe('Checkpoint folder, or a run to use its newest checkpoint')
      .meta({ valueName: 'dir' }),
    to: z
      .string()
      .describe('Folder (a file for --format gguf), made here')
      .meta({ valueName: 'path' }),
    format: z
      .enum(['huggingface', 'gguf'])
      .default('huggingface')
      .describe('Folder for transformers and vLLM, or a file for llama.cpp'),
    precision: z
      .enum(['fp32', 'bf16', 'fp16', 'q8_0'])
      .default('bf16')
      .describe('Number format of the weights, rounded to the nearest; q8_0 is for GGUF'),
    json: z.boolean().default(false).describe('Print the result as one JSON value'),
  }),
  examples: [
    'trainer export --checkpoint RUN --to model --precision bf16',
    'trainer export --checkpoint RUN --to model.gguf --format gguf --precision q8_0',
  ],
  async run(_positionals, { checkpoint, to, format, precision, json }, io) {
    const { exportCheckpoint } = await import('../../trainer/checkpoint/export.ts');
    const exported = await exportCheckpoint({
      checkpoint,
      to,
      format,
      precision,
      onEvent: ({ reason }) => io.log(reason),
    });
    if (json) io.printJson(exported);
    else io.print(exported.path);
    return 0;
  },
});

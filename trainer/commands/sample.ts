/** `trainer sample`: a checkpoint to files that a viewer opens. */
import { z } from 'zod';
import { command } from '../../cli/command.ts';
import { CodecLmError } from '../../schemas/error.ts';

const options = z.object({
  checkpoint: z
    .string()
    .describe('Checkpoint folder, or a run directory for its newest one')
    .meta({ valueName: 'dir' }),
  num: z.int().min(1).max(100_000).default(16).describe('Samples to draw'),
  to: z.string().describe('Folder for the files, made here').meta({ valueName: 'dir' }),
  temperature: z
    .number()
    .min(0)
    .default(1)
    .describe('Divides the logits; 0 always takes the most likely token'),
  topK: z.int().min(0).default(40).describe('Keep the k most likely tokens; 0 keeps all'),
  topP: z
    .number()
    .gt(0)
    .max(1)
    .default(0.9)
    .describe('Keep the most likely tokens that reach this probability together; 1 keeps all'),
  seed: z
    .int()
    .min(0)
    .max(2 ** 32 - 1)
    .default(0)
    .describe('Seed; the same one gives the same files'),
  grammar: z
    .enum(['on', 'off'])
    .default('on')
    .describe('Allow only tokens that continue a canonical file; off is free sampling'),
  maxTokens: z
    .int()
    .min(1)
    .optional()
    .describe('Longest sample with its prompt; default the sequence length of the training'),
  batch: z
    .int()
    .min(1)
    .max(4096)
    .default(16)
    .describe('Samples drawn at once; does not change them'),
  prompt: z
    .string()
    .optional()
    .describe('Image that every sample goes on from')
    .meta({ valueName: 'file' }),
  promptRatio: z
    .number()
    .min(0)
    .lt(1)
    .optional()
    .describe("Share of the prompt's MCUs that is given to the model; default 0.5"),
  json: z.boolean().default(false).describe('One JSON value a finished sample'),
});

export type SampleOptions = z.output<typeof options>;

export const sampleCommand = command({
  name: 'sample',
  summary: 'Draw images from a checkpoint, as .jpg files and a contact sheet',
  options,
  examples: [
    'trainer sample --checkpoint RUN --num 16 --to samples',
    'trainer sample --checkpoint RUN --num 4 --to completions --prompt photo.jpg --prompt-ratio 0.5',
  ],
  async run(_positionals, given, io) {
    if (given.promptRatio !== undefined && given.prompt === undefined) {
      throw new CodecLmError('USAGE', '--prompt-ratio is a share of --prompt, which is missing');
    }
    const { sampleFiles } = await import('../sample/files.ts');
    const { chooseBackend } = await import('../backend/choose.ts');
    const { batch, prompt, promptRatio = 0.5, grammar, ...rest } = given;
    const summary = await sampleFiles({
      ...rest,
      batchSize: batch,
      grammar: grammar === 'on',
      prompt: prompt === undefined ? undefined : { file: prompt, ratio: promptRatio },
      chooseBackend: () => chooseBackend({ log: io.log }),
      onSample: (sample) => given.json && io.printJson(sample),
      onProgress: (line) => io.progress.update(line),
      signal: io.signal,
    });
    io.progress.done();
    if (summary.invalid > 0) {
      io.log(`${summary.invalid} of ${summary.samples} samples are no valid images; kept as .bin`);
    }
    if (!given.json) io.print(summary.sheet);
    return 0;
  },
});

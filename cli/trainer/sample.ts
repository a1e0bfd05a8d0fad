/** `trainer sample`: a checkpoint to files that a viewer opens. */
import { z } from 'zod';
import { CodecLmError } from '../../base/error.ts';
import { command } from '../command.ts';

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
  minP: z
    .number()
    .min(0)
    .max(1)
    .default(0)
    .describe('Keep tokens at least this share as likely as the most likely one; 0 keeps all'),
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
  batch: z.int().min(1).max(64).default(16).describe('Samples drawn at once; does not change them'),
  threads: z
    .int()
    .min(1)
    .max(64)
    .optional()
    .describe('Cores to use; does not change the samples; default all'),
  prompt: z
    .string()
    .optional()
    .describe('Image or video that samples go on from, or a folder of them: --num of each')
    .meta({ valueName: 'path' }),
  promptRatio: z
    .number()
    .min(0)
    .lt(1)
    .optional()
    .describe("Share of the prompt's MCUs that is given to the model; default 0.5"),
  promptMarker: z
    .int()
    .min(1)
    .optional()
    .describe("Cut the prompt after its n-th marker FF D7 instead, as the authors' code does"),
  promptFrames: z
    .int()
    .min(1)
    .optional()
    .describe('Frames of a video prompt that are given to the model; default 10'),
  stream: z
    .boolean()
    .default(false)
    .describe('Write each sample as it grows, so that a viewer can follow it'),
  json: z.boolean().default(false).describe('One JSON value a finished sample'),
});

export type SampleOptions = z.output<typeof options>;

export const sampleCommand = command({
  name: 'sample',
  summary: 'Draw images or clips from a checkpoint, as .jpg or .mp4 files and a contact sheet',
  options,
  examples: [
    'trainer sample --checkpoint RUN --num 16 --to samples',
    'trainer sample --checkpoint RUN --num 4 --to completions --prompt photo.jpg --prompt-ratio 0.5',
    'trainer sample --checkpoint RUN --num 4 --to continuations --prompt clip.mp4 --prompt-frames 10',
  ],
  flags: {
    'cut.ratio': '--prompt-ratio',
    'cut.marker': '--prompt-marker',
    'cut.frames': '--prompt-frames',
    'grammar: false': '--grammar off',
  },
  async run(_positionals, given, io) {
    const prompt = promptOf(given);
    const { sampleFiles } = await import('../../trainer/sample/files.ts');
    const { chooseBackend } = await import('../../trainer/backend/choose.ts');
    const { batch, grammar, promptRatio: _, promptMarker: __, promptFrames: ___, ...rest } = given;
    const summary = await sampleFiles({
      ...rest,
      batchSize: batch,
      grammar: grammar === 'on',
      prompt,
      chooseBackend: () => chooseBackend({ onEvent: ({ reason }) => io.log(reason) }),
      onSample: (sample) => given.json && io.printJson(sample),
      onProgress: (line) => io.progress.update(line),
      signal: io.signal,
    });
    io.progress.done();
    if (summary.invalid > 0) {
      io.log(`${summary.invalid} of ${summary.samples} samples are not valid; kept as .bin`);
    }
    const share = (100 * summary.correctedShare).toFixed(1);
    if (grammar === 'on') io.log(`the grammar changed the model's choice at ${share} % of tokens`);
    if (!given.json) io.print(`${summary.sheet}\n${summary.page}`);
    return 0;
  },
});

/** @throws CodecLmError `USAGE` for cuts without a prompt, or several of them */
function promptOf({ prompt, promptRatio, promptMarker, promptFrames }: SampleOptions) {
  const cuts = [
    { flag: '--prompt-ratio', value: promptRatio, cut: { ratio: promptRatio ?? 0 } },
    { flag: '--prompt-marker', value: promptMarker, cut: { marker: promptMarker ?? 0 } },
    { flag: '--prompt-frames', value: promptFrames, cut: { frames: promptFrames ?? 0 } },
  ].filter(({ value }) => value !== undefined);
  const [first, second] = cuts;
  if (prompt === undefined) {
    if (first === undefined) return undefined;
    throw new CodecLmError('USAGE', `${first.flag} cuts --prompt, which is missing`);
  }
  if (second) throw new CodecLmError('USAGE', `give ${first.flag} or ${second.flag}, not both`);
  return { path: prompt, cut: first?.cut };
}

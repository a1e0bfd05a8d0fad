/** `trainer sample`: draws samples from a checkpoint as files that a viewer opens. */
import { z } from 'zod';
import { CodecLmError } from '../../base/error.ts';
import { formatCount } from '../../base/format.ts';
import {
  batchSizeOption,
  cacheOption,
  checkpointOption,
  draftOption,
  draftTokensOption,
  engineOption,
  samplingOptions,
  tokenHealingOption,
  weightsOption,
} from '../../schemas/sample.ts';
import type { SampleProgress } from '../../trainer/events.ts';
import type { DraftCounts } from '../../trainer/sample/draft/drafter.ts';
import { checkpointCodecOptions, codecChoiceOf } from '../codec-option.ts';
import { command } from '../command.ts';
import { showLoading } from './loading.ts';
import { pastLine } from './past-line.ts';

const { num, temperature, topK, topP, minP, seed, maxTokens, threads } = samplingOptions;

const options = z.object({
  checkpoint: checkpointOption,
  ...checkpointCodecOptions(),
  num,
  to: z.string().describe('Folder for the files, made here').meta({ valueName: 'dir' }),
  temperature,
  topK,
  topP,
  minP,
  seed,
  grammar: z
    .enum(['on', 'off'])
    .default('on')
    .describe('Allow only tokens that continue a canonical file; off is free sampling'),
  maxTokens,
  batch: batchSizeOption.describe('Samples drawn at once; does not change them'),
  ...{ threads, engine: engineOption, weights: weightsOption, cache: cacheOption },
  ...{ draft: draftOption, draftTokens: draftTokensOption },
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
  tokenHealing: tokenHealingOption,
  stream: z
    .boolean()
    .default(false)
    .describe('Write each sample as it grows, so that a viewer can follow it'),
  json: z.boolean().default(false).describe('One JSON value per finished sample'),
});

export type SampleFlags = z.output<typeof options>;

export const sampleCommand = command({
  name: 'sample',
  summary: 'Draw images or clips from a checkpoint, as .jpg or .mp4 files and a contact sheet',
  options,
  examples: [
    'trainer sample --checkpoint RUN --num 16 --to samples',
    'trainer sample --checkpoint RUN --num 4 --prompt photo.jpg --prompt-ratio 0.5 --to out',
    'trainer sample --checkpoint RUN --num 4 --prompt clip.mp4 --prompt-frames 10 --to out',
    'trainer sample --checkpoint RUN --draft SMALL-RUN --num 4 --batch 1 --to out',
    'mpirun -n 8 node bin/trainer.js sample --checkpoint RUN --num 50000 --to samples',
  ],
  flags: {
    'cut.ratio': '--prompt-ratio',
    'cut.marker': '--prompt-marker',
    'cut.frames': '--prompt-frames',
    'grammar: false': '--grammar off',
  },
  async run(_positionals, { checkpoint, json, ...given }, io) {
    const { prompt, cut } = promptOf(given);
    const { rankZeroFirst, withRanks } = await import('../../trainer/distributed/share.ts');
    const { sampleFiles } = await import('../../trainer/sample/files.ts');
    const { loadModel } = await import('../../trainer/sample/model.ts');
    const { num, to, temperature, topK, topP, minP, seed, maxTokens, threads, stream } = given;
    return withRanks(async (communicator) => {
      const isTold = communicator.rank === 0;
      const place = communicator.size > 1 ? ` in rank 0 of ${communicator.size}` : '';
      const model = await rankZeroFirst(communicator, () =>
        loadModel(checkpoint, {
          codec: codecChoiceOf(given),
          ...{ engine: given.engine, weights: given.weights, cache: given.cache },
          ...{ draft: given.draft, draftTokens: given.draftTokens },
          onEvent: (event) => isTold && showLoading(event, io),
        }),
      );
      const summary = await sampleFiles(model, {
        num,
        to,
        temperature,
        topK,
        topP,
        minP,
        seed,
        maxTokens,
        threads,
        stream,
        tokenHealing: given.tokenHealing,
        prompt,
        cut,
        communicator,
        batchSize: given.batch,
        grammar: given.grammar === 'on',
        onEvent(event) {
          if (event.type === 'progress') io.progress.update(`${progressLine(event)}${place}`);
          else if (event.type === 'past-trained-length')
            io.log(pastLine('samples may take', event));
          // Each line on stdout is one sample.
          else if (json) io.printJson(event.sample);
        },
        signal: io.signal,
      });
      await model.close();
      if (!isTold) return 0;
      io.progress.done();
      if (summary.invalid > 0) {
        io.log(`${summary.invalid} of ${summary.samples} samples are not valid; kept as .bin`);
      }
      const share = (100 * summary.correctedShare).toFixed(1);
      if (given.grammar === 'on') {
        io.log(`the grammar changed the model's choice at ${share} % of tokens`);
      }
      if (summary.draft) io.log(draftLine(summary.draft));
      if (!json) io.print(`${summary.sheet}\n${summary.page}`);
      return 0;
    });
  },
});

/** Such as `3/16 samples  1,234 tokens/s`, averaged over all tokens drawn so far. */
export function progressLine({ samples, total, tokensPerSecond }: SampleProgress): string {
  return `${samples}/${total} samples  ${formatCount(tokensPerSecond)} tokens/s`;
}

/** Such as `the draft proposed 1,234 tokens, of which 87.0 % were drawn`. */
export function draftLine({ proposed, accepted }: Readonly<DraftCounts>): string {
  const share = proposed === 0 ? 0 : (100 * accepted) / proposed;
  return `the draft proposed ${formatCount(proposed)} tokens, of which ${share.toFixed(1)} % were drawn`;
}

/** @throws CodecLmError `USAGE` for cuts without a prompt, or several of them */
function promptOf({
  prompt,
  promptRatio,
  promptMarker,
  promptFrames,
}: Omit<SampleFlags, 'checkpoint' | 'json'>) {
  const cuts = [
    { flag: '--prompt-ratio', value: promptRatio, cut: { ratio: promptRatio ?? 0 } },
    { flag: '--prompt-marker', value: promptMarker, cut: { marker: promptMarker ?? 0 } },
    { flag: '--prompt-frames', value: promptFrames, cut: { frames: promptFrames ?? 0 } },
  ].filter(({ value }) => value !== undefined);
  const [first, second] = cuts;
  if (prompt === undefined) {
    if (first === undefined) return {};
    throw new CodecLmError('USAGE', `${first.flag} cuts --prompt, which is missing`);
  }
  if (second) throw new CodecLmError('USAGE', `give ${first.flag} or ${second.flag}, not both`);
  return { prompt, cut: first?.cut };
}

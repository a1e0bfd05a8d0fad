/** Options of the server, with their meaning and defaults. */
import { z } from 'zod';
import {
  batchSizeOption,
  cacheOption,
  draftOption,
  draftTokensOption,
  engineOption,
  threadsOption,
  weightsOption,
} from './sample.ts';

/** Options that `serve` of the library and of the command line share. */
export const servingOptions = {
  host: z
    .string()
    .default('127.0.0.1')
    .describe(
      'Address to listen on; an address that other machines can reach, such as 0.0.0.0, needs an --api-key',
    )
    .meta({ valueName: 'address', isText: true }),
  port: z.int().min(0).max(65_535).default(8000).describe('Port to listen on; 0 picks a free one'),
  apiKey: z
    .string()
    .min(1)
    .optional()
    .describe('Key that clients must send; better set in CODEC_LM_API_KEY')
    .meta({ valueName: 'key', isText: true }),
  model: z
    .string()
    .min(1)
    .optional()
    .describe('Name of the model in requests; default: the name of the checkpoint folder')
    .meta({ valueName: 'name', isText: true }),
  maxQueue: z
    .int()
    .min(1)
    .default(256)
    .describe(
      'Continuations that may wait for a free place in the batch; more are refused with status 429',
    ),
  maxTokens: z
    .int()
    .min(1)
    .optional()
    .describe(
      'Most tokens of a prompt and its continuation; default: the sequence length of training',
    ),
  maxBody: z
    .int()
    .min(1)
    .default(10 * 2 ** 20)
    .describe('Largest request body, in bytes'),
  threads: threadsOption.describe('Cores to use; default: all'),
  engine: engineOption,
  weights: weightsOption,
  cache: cacheOption,
  draft: draftOption,
  draftTokens: draftTokensOption,
};

export const serveSchema = z.strictObject({
  checkpoint: z.string(),
  ...servingOptions,
  batchSize: batchSizeOption.describe('Sequences drawn at once'),
  grammar: z
    .boolean()
    .default(true)
    .describe(
      'Default of requests for `grammar`: allow only tokens that continue a canonical file',
    ),
});

/** Options as the caller passes them: only `checkpoint` is required. */
export type ServeSettingsInput = z.input<typeof serveSchema>;

/** How a checkpoint is served: options, their meaning, their defaults. */
import { z } from 'zod';
import { batchSizeOption, threadsOption } from './sample.ts';

/** What `serve` of the library and of the command line share. */
export const servingOptions = {
  host: z
    .string()
    .default('127.0.0.1')
    .describe(
      'Address to listen on; one that other machines reach, such as 0.0.0.0, wants an --api-key',
    )
    .meta({ valueName: 'address', isText: true }),
  port: z.int().min(0).max(65_535).default(8000).describe('Port to listen on; 0 takes a free one'),
  apiKey: z
    .string()
    .min(1)
    .optional()
    .describe('Key that clients must send; better given as CODEC_LM_API_KEY')
    .meta({ valueName: 'key', isText: true }),
  model: z
    .string()
    .min(1)
    .optional()
    .describe("Name of the model in requests; default the checkpoint's folder")
    .meta({ valueName: 'name', isText: true }),
  maxQueue: z
    .int()
    .min(1)
    .default(256)
    .describe('Continuations that may wait for a place; more are refused with status 429'),
  maxTokens: z
    .int()
    .min(1)
    .optional()
    .describe('Tokens of a prompt and its continuation; default the sequence length of training'),
  maxBody: z
    .int()
    .min(1)
    .default(10 * 2 ** 20)
    .describe('Largest body of a request, in bytes'),
  threads: threadsOption.describe('Cores to use; default all'),
};

export const serveSchema = z.strictObject({
  checkpoint: z.string(),
  ...servingOptions,
  batchSize: batchSizeOption.describe('Sequences drawn at once'),
  grammar: z
    .boolean()
    .default(true)
    .describe('For requests that do not say: allow only what continues a canonical file'),
});

/** What a person writes of them: `checkpoint` is required. */
export type ServeSettingsInput = z.input<typeof serveSchema>;

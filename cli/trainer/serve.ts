/** `trainer serve`: a checkpoint behind an OpenAI-compatible interface. */
import { z } from 'zod';
import { command } from '../command.ts';

const options = z.object({
  checkpoint: z
    .string()
    .describe('Checkpoint folder, or a run directory for its newest one')
    .meta({ valueName: 'dir' }),
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
  batch: z.int().min(1).max(64).default(16).describe('Sequences drawn at once'),
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
  grammar: z
    .enum(['on', 'off'])
    .default('on')
    .describe('For requests that do not say: allow only what continues a canonical file'),
  threads: z.int().min(1).max(64).optional().describe('Cores to use; default all'),
});

export const serveCommand = command({
  name: 'serve',
  summary: 'Serve a checkpoint: OpenAI-compatible completions, and a page to try it',
  options,
  examples: [
    'trainer serve --checkpoint RUN',
    'trainer serve --checkpoint RUN --host 0.0.0.0 --api-key "$KEY"',
  ],
  async run(_positionals, { batch, grammar, ...given }, io) {
    const { serve } = await import('../../trainer/serve/server.ts');
    const { chooseBackend } = await import('../../trainer/backend/choose.ts');
    const server = await serve({
      ...given,
      batchSize: batch,
      grammar: grammar === 'on',
      chooseBackend: () => chooseBackend({ onEvent: ({ reason }) => io.log(reason) }),
      log: io.log,
    });
    io.print(server.url);
    await new Promise<void>((resolve) => {
      if (io.signal.aborted) resolve();
      io.signal.addEventListener('abort', () => resolve(), { once: true });
    });
    await server.close();
    return 0;
  },
});

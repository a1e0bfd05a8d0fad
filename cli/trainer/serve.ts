/** `trainer serve`: serves a checkpoint through an OpenAI-compatible API. */
import { z } from 'zod';
import { messageOf } from '../../base/error.ts';
import { batchSizeOption, checkpointOption } from '../../schemas/sample.ts';
import { servingOptions } from '../../schemas/serve.ts';
import type { LoadEvent, ServeEvent } from '../../trainer/events.ts';
import { checkpointCodecOptions, codecChoiceOf } from '../codec-option.ts';
import { command } from '../command.ts';
import { showLoading } from './loading.ts';
import { pastLine } from './past-line.ts';

/** Reads what the server itself is told; the codec's options are not among it. */
const serving = z.object(servingOptions);

const options = z.object({
  checkpoint: checkpointOption,
  ...checkpointCodecOptions(),
  batch: batchSizeOption.describe('Sequences drawn at once'),
  ...servingOptions,
  grammar: z
    .enum(['on', 'off'])
    .default('on')
    .describe(
      'Default of requests for `grammar`: allow only tokens that continue a canonical file',
    ),
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
    const { serve } = await import('../../trainer/serve/serve.ts');
    const server = await serve({
      checkpoint: given.checkpoint,
      ...serving.parse(given),
      codec: codecChoiceOf(given),
      batchSize: batch,
      grammar: grammar === 'on',
      onEvent(event) {
        if (event.type === 'loading') showLoading(event, io);
        else io.log(serveLogLine(event));
      },
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

export function serveLogLine(event: Exclude<ServeEvent, LoadEvent>): string {
  switch (event.type) {
    case 'backend':
      return event.reason;
    case 'engine':
      return event.remark;
    case 'past-trained-length':
      return pastLine('sequences may take', event);
    case 'ready':
      return `${event.model}: ${event.engine}, ${event.maxTokens} tokens per sequence`;
    case 'failure':
      return `failed: ${event.error instanceof Error ? event.error.stack : messageOf(event.error)}`;
  }
}

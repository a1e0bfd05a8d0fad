/** `serve`: serves a checkpoint over HTTP, with defaults for everything else. */
import { resolveOptions } from '../../base/options.ts';
import { type BackendChoice, chooseBackend } from '../../compute/choose.ts';
import { type ServeSettingsInput, serveSchema } from '../../schemas/serve.ts';
import type { ServeEvent } from '../events.ts';
import type { CodecChoice } from '../sample/codec.ts';
import { type RunningServer, startServer } from './server.ts';

export interface ServeOptions extends ServeSettingsInput {
  /**
   * Backend for a model that this project's own kernels do not support; default CODEC_LM_BACKEND,
   * else native if it is set up.
   */
  backend?: BackendChoice;
  /** For a folder without codec.json: the codec of the files that the model writes. */
  codec?: CodecChoice;
  onEvent?: (event: ServeEvent) => void;
}

/**
 * Serves OpenAI-compatible completions until it is closed.
 * @throws CodecLmError `CONFIG_INVALID`; `USAGE` for an address that other machines can reach,
 *   without a key; `INPUT_NOT_FOUND`, `CHECKPOINT_INVALID`; `OUTPUT_IN_USE` for a port that is
 *   taken
 */
export async function serve({
  backend,
  codec,
  onEvent,
  ...given
}: ServeOptions): Promise<RunningServer> {
  return startServer({
    ...resolveOptions(serveSchema, given, 'serve'),
    chooseBackend: () => chooseBackend({ backend, onEvent }),
    ...{ codec, onEvent },
  });
}

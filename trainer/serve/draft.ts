/** The draft of a server. */
import type { Backend } from '../../compute/choose.ts';
import type { EngineChoice, WeightsType } from '../../schemas/sample.ts';
import type { EngineRemark, LoadEvent } from '../events.ts';
import type { CodecChoice } from '../sample/codec.ts';
import { checkDraftTokens, draftSize, readDraft } from '../sample/draft/check.ts';
import { Drafter } from '../sample/draft/drafter.ts';
import type { Engine } from '../sample/engine/engine.ts';
import type { EngineSize } from '../sample/engine/wasm-engine.ts';
import { type CheckpointParts, loadEngine } from '../sample/load.ts';

/** What the server was told that the draft needs. */
interface DraftOptions {
  draft?: string;
  draftTokens?: number;
  codec?: CodecChoice;
  weights?: WeightsType;
  engine?: EngineChoice;
  chooseBackend: () => Promise<Backend>;
  onEvent?: (event: LoadEvent | EngineRemark) => void;
}

interface ServerDraft {
  /** @param size of the model's engine */
  load(size: EngineSize): Promise<{ engine: Engine; drafter: Drafter }>;
}

/**
 * Reads all but the weights of the draft, so that one that does not fit is found out at once.
 * @returns undefined where there is none
 * @throws CodecLmError `USAGE`; what `readDraft` throws
 */
export async function serverDraft(
  model: CheckpointParts,
  options: DraftOptions,
): Promise<ServerDraft | undefined> {
  const { draft, draftTokens, weights, chooseBackend, onEvent } = options;
  if (draft === undefined) {
    checkDraftTokens(draftTokens);
    return undefined;
  }
  const parts = await readDraft(draft, model, options);
  return {
    async load({ sequences, positions, threads }) {
      const size = draftSize(parts.config, { sequences, positions, threads });
      const formats = { weights, engine: 'wasm' as const };
      const engine = await loadEngine(parts, { ...size, ...formats }, chooseBackend, onEvent);
      return { engine, drafter: new Drafter(engine, draftTokens) };
    },
  };
}

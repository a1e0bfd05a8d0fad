/** Whether a draft and a model belong together, and the size of its engine. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { CodecLmError } from '../../../base/error.ts';
import type { EngineChoice } from '../../../schemas/sample.ts';
import type { Tokenizer } from '../../../tokenizer/index.ts';
import { CODEC_FILE } from '../../checkpoint/files.ts';
import { type LlamaConfig, parameterCount } from '../../model/config.ts';
import { findCheckpoint } from '../../run/directory.ts';
import { localCheckpoint } from '../../run/remote/model.ts';
import type { CodecChoice } from '../codec.ts';
import { fitsEngine } from '../engine/layout.ts';
import { type EngineSize, SMALL_MODEL } from '../engine/wasm-engine.ts';
import { type CheckpointParts, readCheckpoint } from '../load.ts';

/**
 * Reads a draft except its weights.
 * @param model that it shall propose tokens for
 * @param options codec of a folder that does not say, and the engine that was asked for
 * @throws CodecLmError `CONFIG_INVALID` for an engine that cannot check proposals, and for a draft of another
 *   codec, tokenizer or vocabulary; what `readCheckpoint` throws
 */
export async function readDraft(
  path: string,
  model: CheckpointParts,
  { codec, engine }: { codec?: CodecChoice; engine?: EngineChoice } = {},
): Promise<CheckpointParts> {
  if (engine === 'native') {
    throw new CodecLmError(
      'CONFIG_INVALID',
      'a draft beside engine native: its logits depend on the rows beside them, so that other files would be drawn',
      { hint: 'take engine wasm, or no draft' },
    );
  }
  // A draft that says its codec itself is not told.
  const found = await findCheckpoint(await localCheckpoint(path));
  const draft = await readCheckpoint(
    found,
    existsSync(join(found, CODEC_FILE)) ? undefined : codec,
  );
  for (const { path, config } of [model, draft]) {
    if (fitsEngine(config)) continue;
    throw new CodecLmError(
      'CONFIG_INVALID',
      "a draft needs this project's kernels, which do not take a model of these sizes",
      { path, hint: 'draw without a draft' },
    );
  }
  const difference = differenceOf(draft, model);
  if (difference === undefined) return draft;
  throw new CodecLmError(
    'CONFIG_INVALID',
    `this draft is of no use to ${model.path}: ${difference}`,
    {
      path: draft.path,
      hint: 'take a model that was trained on the same dataset, or with its tokenizer',
    },
  );
}

/** @throws CodecLmError `USAGE` for a number of tokens without a draft */
export function checkDraftTokens(tokens: number | undefined): void {
  if (tokens === undefined) return;
  throw new CodecLmError(
    'USAGE',
    '`draftTokens` says how many tokens a draft proposes, but there is none',
    {
      hint: 'name one as `draft`',
    },
  );
}

/** A draft that is too small to share takes one core, whatever the model takes. */
export function draftSize(config: LlamaConfig, size: EngineSize): EngineSize {
  return parameterCount(config) < SMALL_MODEL ? { ...size, threads: 1 } : size;
}

/** What keeps the tokens of one from being those of the other, in words. */
function differenceOf(draft: CheckpointParts, model: CheckpointParts): string | undefined {
  const [own, other] = [draft.codec, model.codec];
  if (own.definition.name !== other.definition.name) {
    return `it writes ${own.definition.name}, the model ${other.definition.name}`;
  }
  if (own.width !== other.width || own.height !== other.height) {
    return `it writes ${own.width}x${own.height}, the model ${other.width}x${other.height}`;
  }
  if (draft.config.vocabSize !== model.config.vocabSize) {
    return `it has ${draft.config.vocabSize} ids, the model ${model.config.vocabSize}`;
  }
  return differenceOfTokens(draft.tokenizer, model.tokenizer);
}

function differenceOfTokens(own: Tokenizer, other: Tokenizer): string | undefined {
  for (const name of ['bosId', 'eosId', 'padId'] as const) {
    if (own[name] === other[name]) continue;
    return `its ${name.slice(0, 3)} token is ${own[name]}, the model's ${other[name]}`;
  }
  if (own.vocabSize !== other.vocabSize) {
    return `its tokenizer has ${own.vocabSize} ids, the model's ${other.vocabSize}`;
  }
  for (let id = 0; id < own.vocabSize; id++) {
    if (symbolsOf(own, id) !== symbolsOf(other, id))
      return `id ${id} is another token in its tokenizer`;
  }
  return undefined;
}

/** As text, to be compared; ids that are not in use are alike. */
function symbolsOf(tokenizer: Tokenizer, id: number): string | undefined {
  try {
    return tokenizer.tokenSymbols(id).join();
  } catch (error) {
    if (error instanceof CodecLmError && error.code === 'TOKEN_INVALID') return undefined;
    throw error;
  }
}

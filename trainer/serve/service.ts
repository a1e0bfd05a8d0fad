/** The objects and settings that the routes of the server use. */
import type { Tokenizer } from '../../tokenizer/index.ts';
import type { SamplingCodec } from '../sample/codec.ts';
import type { ConstraintFactory } from '../sample/constraint.ts';
import type { Runner } from './runner.ts';

export interface Service {
  /** Names that the server accepts for the model, its own name first. */
  names: readonly string[];
  /** Number of the model's weights. */
  parameters: number;
  codec: SamplingCodec;
  tokenizer: Tokenizer;
  constraints: ConstraintFactory;
  /** Never drawn. */
  bannedIds: readonly number[];
  runner: Runner;
  /** Most tokens of a prompt and its continuation together. */
  maxPositions: number;
  /** Default of `grammar` in requests. */
  grammar: boolean;
  /** Largest request body in bytes. */
  maxBody: number;
  /** Key that is required in the header `authorization: Bearer …`. */
  apiKey?: string;
  startedAt: Date;
}

/** What the routes of the server work with. */
import type { Tokenizer } from '../../tokenizer/index.ts';
import type { SamplingCodec } from '../sample/codec.ts';
import type { ConstraintFactory } from '../sample/constraint.ts';
import type { Runner } from './runner.ts';

export interface Service {
  /** Names that the model answers to, the first of them its own. */
  names: readonly string[];
  codec: SamplingCodec;
  tokenizer: Tokenizer;
  constraints: ConstraintFactory;
  runner: Runner;
  /** Tokens of a prompt and its continuation together. */
  maxPositions: number;
  /** Whether requests that do not say get the grammar. */
  grammar: boolean;
  /** Bytes of a request's body. */
  maxBody: number;
  /** Asked for in the header `authorization: Bearer …`. */
  apiKey?: string;
  startedAt: Date;
}

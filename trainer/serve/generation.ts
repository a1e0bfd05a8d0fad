/** Converts a request for completions to generations. */
import type { GenerationRequest } from '../sample/batch/job.ts';
import type { Constraint } from '../sample/draw.ts';
import { HttpError } from './errors.ts';
import type { CompletionRequest } from './request.ts';
import type { Service } from './service.ts';

/** OpenAI's default for completions. */
const DEFAULT_MAX_TOKENS = 16;

/**
 * @throws HttpError 400 when it is too long; CodecLmError for a prompt that cannot be continued
 */
export function generationOf(
  service: Service,
  request: CompletionRequest,
  prompt: number[],
): Omit<GenerationRequest, 'stream' | 'onToken'> {
  const { tokenizer, maxPositions } = service;
  const room = maxPositions - prompt.length;
  // A client that requests a file needs the whole document.
  const fallback = request.wantsFile ? room : Math.min(DEFAULT_MAX_TOKENS, room);
  const maxTokens = request.maxTokens ?? fallback;
  if (maxTokens > room || (room < 1 && maxTokens !== 0)) {
    throw new HttpError(
      400,
      `a prompt of ${prompt.length} tokens and max_tokens ${maxTokens} are more than the ${maxPositions} of this model`,
      { param: 'max_tokens' },
    );
  }
  const { temperature, topP, topK, minP, seed, logprobs } = request;
  return {
    prompt,
    maxTokens,
    temperature,
    topP,
    topK,
    minP,
    seed,
    alternatives: logprobs,
    eosId: tokenizer.eosId,
    bannedIds: service.bannedIds,
    constraint: constraintOf(service, request, prompt, maxTokens),
  };
}

/**
 * The grammar of the document that the prompt begins. It does not apply after a document that has
 * ended, nor to clients that only want the likelihood of the prompt: these draw one token because
 * their API requires it, and discard it.
 */
function constraintOf(
  { tokenizer, constraints }: Service,
  request: CompletionRequest,
  prompt: number[],
  maxTokens: number,
): Constraint | undefined {
  const isScoring = request.echo && request.logprobs !== undefined && maxTokens <= 1;
  if (!request.grammar || maxTokens === 0 || isScoring) return undefined;
  const given = prompt.slice(prompt.lastIndexOf(tokenizer.bosId) + 1);
  if (given.includes(tokenizer.eosId)) return undefined;
  return constraints(given, maxTokens, { mayEndEarly: true });
}

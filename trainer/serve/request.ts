/**
 * The body of POST /v1/completions: OpenAI's fields, top_k and min_p (as in vLLM), grammar and
 * response_format.
 */

import { z } from 'zod';
import type { Tokenizer } from '../../tokenizer/index.ts';
import { HttpError } from './errors.ts';
import type { Service } from './service.ts';
import { idsOf, specialNames, symbolsOf } from './text.ts';

const MOST_CHOICES = 128;
const ids = z.array(z.int().min(0)).min(1);

const bodySchema = z.object({
  model: z.string().optional(),
  prompt: z.union([z.string(), z.array(z.string()).min(1), ids, z.array(ids).min(1)]).nullish(),
  n: z.int().min(1).max(MOST_CHOICES).nullish(),
  max_tokens: z.int().min(0).nullish(),
  temperature: z.number().min(0).max(100).nullish(),
  top_p: z.number().gt(0).max(1).nullish(),
  top_k: z.int().min(-1).nullish(),
  min_p: z.number().min(0).max(1).nullish(),
  seed: z.int().nullish(),
  stop: z.union([z.string(), z.array(z.string()).max(4)]).nullish(),
  logprobs: z.int().min(0).max(20).nullish(),
  stream: z.boolean().nullish(),
  stream_options: z.object({ include_usage: z.boolean().nullish() }).nullish(),
  echo: z.boolean().nullish(),
  grammar: z.enum(['on', 'off']).nullish(),
  response_format: z.object({ type: z.enum(['text', 'image', 'video', 'file']) }).nullish(),
  // Unsupported fields are refused, not ignored: the answer would not be what was requested.
  suffix: z.null().optional(),
  best_of: z.int().nullish(),
  frequency_penalty: z.literal(0, 'penalties are not supported').nullish(),
  presence_penalty: z.literal(0, 'penalties are not supported').nullish(),
  logit_bias: z.record(z.string(), z.never('logit_bias is not supported')).nullish(),
});

export interface CompletionRequest {
  /** Ids of each prompt, as the model reads them. */
  prompts: number[][];
  n: number;
  /** Most tokens to draw; undefined: the default; 0: only the prompt is read. */
  maxTokens: number | undefined;
  temperature: number;
  topP: number;
  topK: number;
  minP: number;
  /** Unsigned 32-bit number. */
  seed: number;
  stop: string[];
  /** Number of alternatives to report with each token; undefined: no log-probabilities. */
  logprobs: number | undefined;
  stream: boolean;
  includeUsage: boolean;
  echo: boolean;
  grammar: boolean;
  /** Whether each choice includes its document as a file that opens. */
  wantsFile: boolean;
}

/** @throws HttpError 400 that names the field, 404 for another model */
export function parseRequest(
  json: unknown,
  { tokenizer, names, grammar: defaultGrammar }: Pick<Service, 'tokenizer' | 'names' | 'grammar'>,
): CompletionRequest {
  const parsed = bodySchema.safeParse(json);
  if (!parsed.success) {
    const { path, message } = parsed.error.issues[0];
    const param = path.length > 0 ? String(path[0]) : undefined;
    throw new HttpError(400, `${path.join('.') || 'the body'}: ${message}`, { param });
  }
  const body = parsed.data;
  if (body.model !== undefined && !names.includes(body.model)) throw noModel(body.model, names);
  if (body.best_of != null && body.best_of !== (body.n ?? 1)) {
    throw new HttpError(400, 'best_of: other values than n are not supported');
  }
  if (body.max_tokens === 0 && !body.echo) {
    throw new HttpError(400, 'max_tokens: 0 draws nothing; with echo, the prompt is answered');
  }
  const prompts = promptIds(body.prompt, tokenizer);
  const n = body.n ?? 1;
  if (prompts.length * n > MOST_CHOICES) {
    throw new HttpError(
      400,
      `${prompts.length} prompts times n = ${n} are more than ${MOST_CHOICES} choices`,
    );
  }
  return {
    prompts,
    n,
    maxTokens: body.max_tokens ?? undefined,
    temperature: body.temperature ?? 1,
    topP: body.top_p ?? 1,
    topK: Math.max(0, body.top_k ?? 0),
    minP: body.min_p ?? 0,
    seed: (body.seed ?? Math.floor(Math.random() * 2 ** 32)) >>> 0,
    stop: stopTexts(body.stop, tokenizer),
    logprobs: body.logprobs ?? undefined,
    stream: body.stream ?? false,
    includeUsage: body.stream_options?.include_usage ?? false,
    echo: body.echo ?? false,
    grammar: body.grammar == null ? defaultGrammar : body.grammar === 'on',
    wantsFile: body.response_format != null && body.response_format.type !== 'text',
  };
}

/** @param names names of the model on this server, its own name first */
export function noModel(name: string, names: readonly string[]): HttpError {
  return new HttpError(404, `the model '${name}' does not exist; this server has '${names[0]}'`, {
    param: 'model',
  });
}

/**
 * Names of special tokens such as `<eos>`, of this tokenizer or another: clients add them to every
 * request.
 */
const TOKEN_NAME = /^<[^<>\s]+>$/;

/**
 * Stop texts without names of tokens: a document ends at its `<eos>` anyway, and no text contains
 * such a name.
 */
function stopTexts(stop: z.output<typeof bodySchema>['stop'], tokenizer: Tokenizer): string[] {
  const names = specialNames(tokenizer);
  const texts = [stop ?? []].flat();
  const rest = texts.filter((text) => text !== '' && !names.has(text) && !TOKEN_NAME.test(text));
  for (const text of rest) symbolsOf(text, tokenizer.alphabet);
  return rest;
}

/**
 * Ids of the prompts: text gets a `<bos>`, ids are used as they are. Without a prompt, `<bos>`
 * alone.
 */
function promptIds(
  prompt: z.output<typeof bodySchema>['prompt'],
  tokenizer: Tokenizer,
): number[][] {
  const { vocabSize, bosId } = tokenizer;
  if (prompt == null) return [[bosId]];
  const isList = Array.isArray(prompt);
  const many = isList && typeof prompt[0] !== 'number' ? prompt : [prompt];
  return (many as (string | number[])[]).map((one) => {
    if (typeof one === 'string') return idsOf(one, tokenizer);
    const bad = one.find((id) => id >= vocabSize);
    if (bad !== undefined) {
      throw new HttpError(
        400,
        `prompt: ${bad} is not a token; the vocabulary has ${vocabSize} ids`,
      );
    }
    return one;
  });
}

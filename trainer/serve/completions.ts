/**
 * POST /v1/completions: converts a request to generations, and their tokens to an answer, at once
 * or as a stream.
 */
import { randomUUID } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import type { Generation, GenerationRequest, Ticket } from '../sample/batch/job.ts';
import { Choice, type Piece } from './choice.ts';
import { fileOf } from './file.ts';
import { generationOf } from './generation.ts';
import type { CompletionRequest } from './request.ts';
import { sendJson } from './respond.ts';
import type { Service } from './service.ts';

/** Bytes that a slow client may fall behind before its connection is closed. */
const MOST_UNREAD = 4 * 2 ** 20;

const FINISH = { eos: 'stop', stop: 'stop', length: 'length' } as const;

interface Running {
  index: number;
  prompt: number[];
  choice: Choice;
  ticket: Ticket;
}

/**
 * @throws HttpError before anything has been sent; CodecLmError for a prompt that cannot be
 * continued
 */
export async function complete(
  service: Service,
  request: CompletionRequest,
  response: ServerResponse,
): Promise<void> {
  const base = {
    id: `cmpl-${randomUUID()}`,
    object: 'text_completion',
    created: Math.floor(Date.now() / 1000),
    model: service.names[0],
  };
  // As in OpenAI's API: a client that requests the usage gets the field in every piece, and its
  // value in the last.
  const noUsage = request.includeUsage ? { usage: null } : {};
  const emit = (index: number, piece: Piece, finish: string | null, more = {}) => {
    const choices = [{ index, ...piece, finish_reason: finish, ...more }];
    writeEvent(response, { ...base, choices, ...noUsage });
  };
  const fileFields = async ({ prompt }: Running, { ids }: Generation) =>
    request.wantsFile ? fileOf(service, [...prompt, ...ids]) : {};
  const running = submitAll(service, request, request.stream ? emit : undefined);
  // A client that disconnects frees its places.
  response.on('close', () => {
    for (const { ticket } of running) ticket.cancel();
  });
  const finishes = running.map(({ ticket }) => ticket.done);
  // All are awaited below; until then, none may count as an unhandled rejection.
  for (const done of finishes) done.catch(() => {});
  if (request.stream) {
    response.writeHead(200, {
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store',
    });
    response.flushHeaders();
    await Promise.all(
      running.map(async (run, i) => {
        const generation = await finishes[i];
        const file = await fileFields(run, generation);
        emit(run.index, run.choice.take(true), FINISH[generation.finish], file);
      }),
    );
    const usage = usageOf(request, await Promise.all(finishes));
    if (request.includeUsage) writeEvent(response, { ...base, choices: [], usage });
    response.end('data: [DONE]\n\n');
    return;
  }
  const generations = await Promise.all(finishes);
  const choices = await Promise.all(
    running.map(async (run, i) => ({
      index: run.index,
      ...run.choice.take(true),
      finish_reason: FINISH[generations[i].finish],
      ...(await fileFields(run, generations[i])),
    })),
  );
  sendJson(response, 200, { ...base, choices, usage: usageOf(request, generations) });
}

function submitAll(
  service: Service,
  request: CompletionRequest,
  emit: ((index: number, piece: Piece, finish: null) => void) | undefined,
): Running[] {
  const choices: Omit<Running, 'ticket'>[] = [];
  const generations: GenerationRequest[] = [];
  for (const prompt of request.prompts) {
    for (let i = 0; i < request.n; i++) {
      const index = choices.length;
      const choice = new Choice(service.tokenizer, request.stop, request.logprobs);
      choices.push({ index, prompt, choice });
      if (request.echo) choice.echo({ id: prompt[0] });
      const isRated = request.echo && request.logprobs !== undefined;
      if (request.echo && !isRated) for (const id of prompt.slice(1)) choice.echo({ id });
      generations.push({
        ...generationOf(service, request, prompt),
        stream: index,
        onPromptToken: isRated ? (token) => choice.echo(token) : undefined,
        onToken(token) {
          const isStopped = choice.add(token);
          if (emit && !isStopped) emit(index, choice.take(false), null);
          return isStopped;
        },
        onEnd: (token) => choice.end(token),
      });
    }
  }
  const tickets = service.runner.submit(generations);
  return choices.map((choice, i) => ({ ...choice, ticket: tickets[i] }));
}

function usageOf(request: CompletionRequest, generations: readonly Generation[]): object {
  const read = request.prompts.reduce((sum, prompt) => sum + prompt.length, 0);
  const drawn = generations.reduce((sum, { tokens }) => sum + tokens, 0);
  return { prompt_tokens: read, completion_tokens: drawn, total_tokens: read + drawn };
}

function writeEvent(response: ServerResponse, value: object): void {
  if (response.destroyed) return;
  response.write(`data: ${JSON.stringify(value)}\n\n`);
  if (response.writableLength > MOST_UNREAD) response.destroy();
}

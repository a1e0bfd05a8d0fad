/** What the page asks for: an uploaded file as the beginning of a document, and pictures of what has been drawn. */

import type { IncomingMessage, ServerResponse } from 'node:http';
import { z } from 'zod';
import { type Codec, joinSymbols } from '../../tokenizer/index.ts';
import { promptOf } from '../sample/prompt.ts';
import { HttpError } from './errors.ts';
import { readBody, readJsonBody, sendJson } from './respond.ts';
import type { Service } from './service.ts';
import { symbolsOf } from './text.ts';

/** Whether a browser shows the beginning of a file, so that the page can put bytes together by itself. */
export function isLive({ definition, preview }: Codec): boolean {
  return preview !== undefined && definition.file.mime.startsWith('image/');
}

const base64 = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64');

/**
 * POST /api/prompt. The answer has the ids of the prompt, how many tokens may follow, and as base64 a
 * picture of the whole and of the part that is given; where a browser can show a file that grows, also
 * the given part of the file: the bytes of a continuation, put after it, make a file.
 * @throws HttpError 400, 413, 415; CodecLmError for what is no input of the codec
 */
export async function promptOfUpload(
  { codec, tokenizer, maxBody, maxPositions }: Service,
  request: IncomingMessage,
  response: ServerResponse,
  url: URL,
): Promise<void> {
  const ratio = Number(url.searchParams.get('ratio') ?? 0.5);
  if (!(ratio >= 0 && ratio < 1)) throw new HttpError(400, 'ratio: a share from 0 to below 1');
  // As for JSON: a form of a foreign site cannot send this type by itself.
  if (request.headers['content-type'] !== 'application/octet-stream') {
    throw new HttpError(415, 'send the file with content-type: application/octet-stream');
  }
  const source = await readBody(request, maxBody);
  const cut = codec.cutOfShare(ratio);
  const prompt = await promptOf(source, 'the upload', cut, codec, tokenizer);
  const given = prompt.original.subarray(0, prompt.given);
  const isWhole = isLive(codec);
  const { still } = codec;
  sendJson(response, 200, {
    prompt: [...prompt.ids],
    room: maxPositions - prompt.ids.length,
    original: base64(
      await (isWhole ? codec.view(prompt.original) : still.draw(prompt.original, 0)),
    ),
    given: isWhole ? base64(codec.preview!(given as Uint8Array)) : null,
    // Of nothing there may be no picture: a clip without a frame, say.
    shown: given.length === 0 ? null : base64(await still.draw(given, prompt.given)),
    mime: still.mime,
    width: codec.width,
    height: codec.height,
  });
}

const drawnSchema = z.object({ prompt: z.array(z.int().min(0)), text: z.string() });

/**
 * POST /api/picture: `{prompt, text}`, the ids of a prompt and what has been drawn behind it, to a
 * picture, as base64.
 * @throws HttpError 400, 413, 415; CodecLmError for a beginning that the codec has no picture of
 */
export async function pictureOfDrawn(
  { codec, tokenizer, maxBody }: Service,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const parsed = drawnSchema.safeParse(await readJsonBody(request, maxBody));
  if (!parsed.success) throw new HttpError(400, parsed.error.issues[0].message);
  const given = tokenizer.decode(parsed.data.prompt, { specials: 'skip' });
  const drawn = symbolsOf(parsed.data.text, tokenizer.alphabet);
  const picture = await codec.still.draw(joinSymbols(given, drawn), given.length);
  sendJson(response, 200, { picture: base64(picture), mime: codec.still.mime });
}

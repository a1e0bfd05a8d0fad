/**
 * Requests of the page: an uploaded file as the beginning of a document, and pictures of drawn
 * documents.
 */

import type { IncomingMessage, ServerResponse } from 'node:http';
import { z } from 'zod';
import { type Codec, joinSymbols, type Symbols } from '../../tokenizer/index.ts';
import { promptOf } from '../sample/prompt.ts';
import { HttpError } from './errors.ts';
import { readBody, readJsonBody, sendJson } from './respond.ts';
import type { Service } from './service.ts';
import { symbolsOf } from './text.ts';

/**
 * Whether a browser shows the beginning of a file, so that the page can append the bytes by itself.
 */
function isLive({ definition, preview }: Codec): boolean {
  return preview !== undefined && definition.file.mime.startsWith('image/');
}

const base64 = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64');

/**
 * POST /api/prompt. The answer has the ids of the prompt, the number of tokens that may follow,
 * and, as base64, a picture of the whole document and of the given part. If a browser can show a
 * growing file, it also has the given part of the file, to which the bytes of a continuation are
 * appended.
 * @throws HttpError 400, 413, 415; CodecLmError for a file that the codec cannot read
 */
export async function promptOfUpload(
  { codec, tokenizer, maxBody, maxPositions }: Service,
  request: IncomingMessage,
  response: ServerResponse,
  url: URL,
): Promise<void> {
  const ratio = Number(url.searchParams.get('ratio') ?? 0.5);
  if (!(ratio >= 0 && ratio < 1)) throw new HttpError(400, 'ratio: a share from 0 to below 1');
  // As with JSON: a form on a foreign site cannot send this type by itself.
  if (request.headers['content-type'] !== 'application/octet-stream') {
    throw new HttpError(415, 'send the file with content-type: application/octet-stream');
  }
  const source = await readBody(request, maxBody);
  const cut = codec.cutOfShare(ratio);
  // A token that ends at the cut tells the model that no longer one stood there: the prompt ends
  // where a token surely does, some bytes earlier.
  const prompt = await promptOf(source, 'the upload', cut, codec, tokenizer, true);
  const given = prompt.original.subarray(0, prompt.given - (prompt.rest?.length ?? 0));
  const isWhole = isLive(codec);
  const { still } = codec;
  sendJson(response, 200, {
    prompt: [...prompt.ids],
    room: maxPositions - prompt.ids.length,
    original: base64(
      await (isWhole ? codec.view(prompt.original) : still.draw(prompt.original, 0)),
    ),
    given: isWhole ? base64(codec.preview!(given as Uint8Array)) : null,
    // The given part may have no picture, such as a clip without a frame. What ends at the cut is
    // drawn whole, and is marked as given only if it is so to its last byte.
    shown:
      given.length === 0
        ? null
        : base64(await still.draw(prompt.original.subarray(0, prompt.given), given.length)),
    mime: still.mime,
    width: codec.width,
    height: codec.height,
  });
}

/** GET /api/start. The same answer for a document that begins with nothing given. */
export function promptOfNothing(
  { codec, tokenizer, maxPositions }: Service,
  _request: IncomingMessage,
  response: ServerResponse,
): void {
  const { width, height, still } = codec;
  sendJson(response, 200, {
    prompt: [tokenizer.bosId],
    room: maxPositions - 1,
    ...{ original: null, given: null, shown: null },
    ...{ mime: still.mime, width, height },
  });
}

const drawnSchema = z.object({ prompt: z.array(z.int().min(0)), text: z.string() });

/**
 * POST /api/picture: `{prompt, text}`, the ids of a prompt and the text drawn after it. The answer
 * is a picture as base64.
 * @throws HttpError 400, 413, 415; CodecLmError for a beginning that the codec cannot draw
 */
export async function pictureOfDrawn(
  service: Service,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { codec } = service;
  const { given, drawn } = await drawnOf(service, request);
  const picture = await codec.still.draw(joinSymbols(given, drawn), given.length);
  sendJson(response, 200, { picture: base64(picture), mime: codec.still.mime });
}

/**
 * POST /api/file: `{prompt, text}` as for a picture. The answer is the whole document as a file that
 * opens, as base64.
 * @throws HttpError 400, 413, 415; CodecLmError for what is no whole document
 */
export async function fileOfDrawn(
  service: Service,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { codec } = service;
  const { given, drawn } = await drawnOf(service, request);
  const file = base64(await codec.view(joinSymbols(given, drawn)));
  sendJson(response, 200, { file, ...codec.definition.file });
}

/** The symbols of a prompt, and those that were drawn after it. */
async function drawnOf(
  { tokenizer, maxBody }: Service,
  request: IncomingMessage,
): Promise<{ given: Symbols; drawn: Symbols }> {
  const parsed = drawnSchema.safeParse(await readJsonBody(request, maxBody));
  if (!parsed.success) throw new HttpError(400, parsed.error.issues[0].message);
  const given = tokenizer.decode(parsed.data.prompt, { specials: 'skip' });
  return { given, drawn: symbolsOf(parsed.data.text, tokenizer.alphabet) };
}

/** POST /api/prompt: an uploaded image to the beginning of a document, for the page. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { promptOf } from '../sample/prompt.ts';
import { HttpError } from './errors.ts';
import { readBody, sendJson } from './respond.ts';
import type { Service } from './service.ts';

/**
 * The answer has the ids of the prompt, how many tokens may follow, and as base64 the whole image, the part that is given
 * (the bytes of a continuation, put after it, make a file that a browser shows), and a picture of
 * that part.
 * @throws HttpError 400, 413, 415; CodecLmError for what is no image
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
  const prompt = await promptOf(source, 'the upload', { ratio }, codec, tokenizer);
  const base64 = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64');
  const given = prompt.original.subarray(0, prompt.given);
  sendJson(response, 200, {
    prompt: [...prompt.ids],
    room: maxPositions - prompt.ids.length,
    original: base64(await codec.view(prompt.original)),
    given: base64(codec.preview!(given as Uint8Array)),
    shown: base64(await codec.still.draw(given, prompt.given)),
    width: codec.width,
    height: codec.height,
  });
}

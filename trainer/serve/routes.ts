/** Routes of the server, and access control. */
import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { complete } from './completions.ts';
import { HttpError, httpErrorOf } from './errors.ts';
import { fileOfDrawn, pictureOfDrawn, promptOfNothing, promptOfUpload } from './image.ts';
import { pageOf } from './page.ts';
import { noModel, parseRequest } from './request.ts';
import { readJsonBody, send, sendError, sendJson } from './respond.ts';
import type { Service } from './service.ts';

type Handler = (
  service: Service,
  request: IncomingMessage,
  response: ServerResponse,
  url: URL,
) => Promise<void> | void;

interface Route {
  method: 'GET' | 'POST';
  handle: Handler;
  /** Whether the route needs no key. */
  isOpen?: boolean;
}

const MODELS = '/v1/models';

const ROUTES: Record<string, Route> = {
  '/': {
    method: 'GET',
    isOpen: true,
    handle({ names, parameters, codec, maxPositions, apiKey }, _request, response) {
      const needsKey = apiKey !== undefined;
      const page = pageOf({ name: names[0], parameters, codec, maxPositions, needsKey });
      send(response, 200, 'text/html; charset=utf-8', page, {
        'content-security-policy':
          "default-src 'none'; img-src blob: data:; media-src blob:; connect-src 'self'; style-src 'unsafe-inline'; script-src 'unsafe-inline'",
      });
    },
  },
  '/health': {
    method: 'GET',
    isOpen: true,
    handle: ({ runner }, _request, response) =>
      sendJson(response, 200, { status: 'ok', ...runner.load }),
  },
  [MODELS]: { method: 'GET', handle: listModels },
  '/v1/completions': {
    method: 'POST',
    async handle(service, request, response) {
      const json = await readJsonBody(request, service.maxBody);
      await complete(service, parseRequest(json, service), response);
    },
  },
  '/api/start': { method: 'GET', handle: promptOfNothing },
  '/api/file': { method: 'POST', handle: fileOfDrawn },
  '/api/prompt': { method: 'POST', handle: promptOfUpload },
  '/api/picture': { method: 'POST', handle: pictureOfDrawn },
};

/**
 * Answers every request, even an invalid one. @param onFailure called for errors of the server
 * itself
 */
export async function answer(
  service: Service,
  request: IncomingMessage,
  response: ServerResponse,
  onFailure: (error: unknown) => void,
): Promise<void> {
  try {
    const url = urlOf(request);
    const route = routeOf(url.pathname);
    if (!route) throw new HttpError(404, `there is nothing at ${url.pathname}`);
    const method = request.method === 'HEAD' ? 'GET' : request.method;
    if (method !== route.method) {
      throw new HttpError(405, `${url.pathname} takes ${route.method}`, {
        headers: { allow: route.method },
      });
    }
    if (!route.isOpen) checkKey(service, request);
    await route.handle(service, request, response, url);
  } catch (error) {
    // A client that has disconnected needs no answer.
    if (response.destroyed) return;
    const known = httpErrorOf(error);
    if (known.status === 500) onFailure(error);
    sendError(response, known);
  }
}

function routeOf(path: string): Route | undefined {
  if (Object.hasOwn(ROUTES, path)) return ROUTES[path];
  const isModel = path.startsWith(`${MODELS}/`) && path.length > MODELS.length + 1;
  return isModel ? { method: 'GET', handle: retrieveModel } : undefined;
}

function urlOf(request: IncomingMessage): URL {
  try {
    return new URL(request.url ?? '/', 'http://localhost');
  } catch {
    throw new HttpError(400, 'the address of the request cannot be read');
  }
}

/** Compares in constant time, so that the duration reveals nothing about the key. */
function checkKey({ apiKey }: Service, request: IncomingMessage): void {
  if (apiKey === undefined) return;
  const hash = (text: string) => createHash('sha256').update(text).digest();
  const given = request.headers.authorization ?? '';
  if (timingSafeEqual(hash(given), hash(`Bearer ${apiKey}`))) return;
  throw new HttpError(401, 'this server requires its key: authorization: Bearer KEY', {
    headers: { 'www-authenticate': 'Bearer' },
  });
}

function listModels(service: Service, _request: IncomingMessage, response: ServerResponse): void {
  const data = [modelEntry(service, service.names[0])];
  sendJson(response, 200, { object: 'list', data });
}

/** A model name may contain slashes, encoded or not, as paths and names on the hub do. */
function retrieveModel(
  service: Service,
  _request: IncomingMessage,
  response: ServerResponse,
  { pathname }: URL,
): void {
  const rest = pathname.slice(MODELS.length + 1);
  let name = rest;
  try {
    name = decodeURIComponent(rest);
  } catch {
    // A percent sign that encodes nothing belongs to the name.
  }
  if (!service.names.includes(name)) throw noModel(name, service.names);
  sendJson(response, 200, modelEntry(service, name));
}

/** @param id the requested name; `root` is the model's own name */
function modelEntry({ names, startedAt, maxPositions, tokenizer }: Service, id: string): object {
  const created = Math.floor(startedAt.getTime() / 1000);
  return {
    id,
    object: 'model',
    created,
    owned_by: 'codec-lm',
    root: names[0],
    parent: null,
    max_model_len: maxPositions,
    vocab_size: tokenizer.vocabSize,
  };
}

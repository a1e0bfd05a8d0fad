/** Serves a checkpoint over HTTP until it is told to stop. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { basename, resolve } from 'node:path';
import { CodecLmError, systemCode } from '../../base/error.ts';
import type { Backend } from '../../compute/choose.ts';
import type { CacheType, EngineChoice, WeightsType } from '../../schemas/sample.ts';
import type { ServeEvent } from '../events.ts';
import { parameterCount } from '../model/config.ts';
import { Batcher } from '../sample/batcher.ts';
import type { CodecChoice } from '../sample/codec.ts';
import { grammarConstraints } from '../sample/constraint.ts';
import { loadEngine, readCheckpoint } from '../sample/load.ts';
import { undrawableIds } from '../sample/undrawable.ts';
import { serverDraft } from './draft.ts';
import { errorBody, HttpError } from './errors.ts';
import { isLocalName, isPrivateHost } from './host.ts';
import { answer } from './routes.ts';
import { Runner } from './runner.ts';
import type { Service } from './service.ts';

export interface ServerOptions {
  /** Checkpoint folder, or a run directory for its newest one. */
  checkpoint: string;
  codec?: CodecChoice;
  host: string;
  /** Port; 0 picks a free one. */
  port: number;
  apiKey?: string;
  /** Name of the model; default: the name of its folder, which is accepted in any case. */
  model?: string;
  /** Number of sequences drawn at once, and of generations that may wait besides them. */
  batchSize: number;
  maxQueue: number;
  /** Most tokens of a prompt and its continuation; default: the sequence length of training. */
  maxTokens?: number;
  /** Largest request body in bytes. */
  maxBody: number;
  grammar: boolean;
  threads?: number;
  /** Number format of the matrices; default the checkpoint's own. */
  weights?: WeightsType;
  /** Number format of keys and values; default: as `loadModel` takes it. */
  cache?: CacheType;
  /** Default: the faster one. */
  engine?: EngineChoice;
  /** Checkpoint that proposes tokens, and how many of them. */
  draft?: string;
  draftTokens?: number;
  chooseBackend: () => Promise<Backend>;
  onEvent?: (event: ServeEvent) => void;
}

export interface RunningServer {
  url: string;
  /** Ends running generations, closes all connections and frees the engine. */
  close(): Promise<void>;
}

/** The model name that the authors' released script always sends. */
const RELEASED_NAME = 'jpeglm';
/** Time within which a request must have arrived; then its connection is closed. */
const SLOWEST_REQUEST_MS = 30_000;
/** Time in milliseconds for clients to receive an answer that has begun when the server stops. */
const LAST_WORDS_MS = 500;

/**
 * @throws CodecLmError `USAGE` for an address that other machines can reach, without a key; the
 *   errors of loading the checkpoint; `OUTPUT_IN_USE` for a port that is taken
 */
export async function startServer(options: ServerOptions): Promise<RunningServer> {
  const isPrivate = await isPrivateHost(options.host, options.apiKey);
  const checkpoint = await readCheckpoint(options.checkpoint, options.codec);
  const { codec, tokenizer } = checkpoint;
  const maxPositions = options.maxTokens ?? codec.seqLen;
  const size = {
    sequences: options.batchSize,
    // Nobody knows how many clients there will be; one is served faster by WebAssembly.
    mostly: 1,
    positions: maxPositions,
    ...{ threads: options.threads, engine: options.engine },
    ...{ weights: options.weights, cache: options.cache },
  };
  const draft = await serverDraft(checkpoint, options);
  const engine = await loadEngine(
    checkpoint,
    draft ? { ...size, engine: 'wasm' } : size,
    options.chooseBackend,
    options.onEvent,
  );
  const drafting = await draft?.load(size);
  const fail = (error: unknown) => options.onEvent?.({ type: 'failure', error });
  const service: Service = {
    codec,
    tokenizer,
    maxPositions,
    names: namesOf(options, checkpoint.path),
    parameters: parameterCount(checkpoint.config),
    constraints: grammarConstraints(codec, tokenizer),
    bannedIds: undrawableIds(tokenizer, engine.vocabSize),
    runner: new Runner(new Batcher(engine, drafting?.drafter), options.maxQueue, fail),
    grammar: options.grammar,
    maxBody: options.maxBody,
    apiKey: options.apiKey,
    startedAt: new Date(),
  };
  const server = createServer({ requestTimeout: SLOWEST_REQUEST_MS }, (request, response) => {
    if (isPrivate && !isLocalName(request.headers.host, options.host)) {
      // The name of a foreign site that was made to point here (DNS rebinding).
      const error = new HttpError(403, 'this server answers to localhost only');
      response.writeHead(403, { 'content-type': 'application/json' });
      response.end(JSON.stringify(errorBody(error)));
      return;
    }
    void answer(service, request, response, fail);
  });
  try {
    await listen(server, options);
  } catch (error) {
    await drafting?.engine.dispose();
    await engine.dispose();
    throw error;
  }
  if (maxPositions > codec.seqLen) {
    const [trained, tokens] = [codec.seqLen, maxPositions];
    options.onEvent?.({ type: 'past-trained-length', trained, tokens });
  }
  const url = urlOf(server, options.host);
  options.onEvent?.({
    type: 'ready',
    model: service.names[0],
    engine: drafting ? `${engine.description}, with a draft` : engine.description,
    maxTokens: maxPositions,
    url,
  });
  return {
    url,
    async close() {
      const closed = new Promise((resolve) => server.close(resolve));
      await service.runner.close();
      server.closeIdleConnections();
      const impatience = setTimeout(() => server.closeAllConnections(), LAST_WORDS_MS);
      await closed;
      clearTimeout(impatience);
      await drafting?.engine.dispose();
      await engine.dispose();
    },
  };
}

function listen(server: Server, { host, port }: ServerOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error) => {
      const code = systemCode(error) === 'EADDRINUSE' ? 'OUTPUT_IN_USE' : 'CONFIG_INVALID';
      const details = { cause: error, hint: 'choose another `host` or `port`' };
      reject(new CodecLmError(code, `cannot listen on ${host}:${port}: ${error.message}`, details));
    });
    server.listen(port, host, resolve);
  });
}

/** All accepted names. Clients may use the folder as it was named to the server, as with vLLM. */
function namesOf({ model, checkpoint }: ServerOptions, path: string): string[] {
  const folder = basename(path);
  const names = [model ?? folder, folder, basename(resolve(checkpoint)), checkpoint, RELEASED_NAME];
  return [...new Set(names)];
}

function urlOf(server: Server, host: string): string {
  const { port } = server.address() as AddressInfo;
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
}

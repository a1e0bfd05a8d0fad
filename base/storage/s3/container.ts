/**
 * The endpoint that gives a container the keys of its role (AWS SDKs, "Container credential provider"):
 * ECS names it by a path, EKS Pod Identity by a URL and a file with a token.
 */
import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { CodecLmError, messageOf } from '../../error.ts';
import type { Credentials, Environment } from './keys.ts';

const ECS_ADDRESS = 'http://169.254.170.2';
/** Without encryption, keys come only from this machine, ECS and EKS. */
const PLAIN_HOSTS = /^(localhost|127(\.\d+){3}|\[::1\]|169\.254\.170\.(2|23)|\[fd00:ec2::23\])$/;

const TIMEOUT_MS = 5_000;
const TRIES = 3;
const PAUSE_MS = 500;
/** Keys are asked for anew this long before they expire. */
const EARLY_MS = 5 * 60_000;

const replySchema = z.object({
  AccessKeyId: z.string().min(1),
  SecretAccessKey: z.string().min(1),
  Token: z.string().optional(),
  Expiration: z.iso.datetime({ offset: true }).optional(),
});

/**
 * @returns undefined when the variables name no endpoint
 * @throws CodecLmError `USAGE` for an address that keys may not come from
 */
export function containerAddress(env: Environment): URL | undefined {
  const path = env.AWS_CONTAINER_CREDENTIALS_RELATIVE_URI;
  const text = path ? ECS_ADDRESS + path : env.AWS_CONTAINER_CREDENTIALS_FULL_URI;
  if (!text) return undefined;
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const isAllowed =
    url?.protocol === 'https:' || (url?.protocol === 'http:' && PLAIN_HOSTS.test(url.hostname));
  if (url && isAllowed) return url;
  throw new CodecLmError('USAGE', `AWS_CONTAINER_CREDENTIALS_FULL_URI ${text} is not allowed`, {
    hint: 'an https URL, or an http URL of this machine or of the container service',
  });
}

export class ContainerEndpoint {
  #known: { credentials: Credentials; expires: number } | undefined;
  #asked: Promise<Credentials> | undefined;

  /** @throws CodecLmError `STORAGE_CREDENTIALS` when it does not answer, or with something else */
  async get(address: URL, env: Environment): Promise<Credentials> {
    const known = this.#known;
    if (known && Date.now() < known.expires - EARLY_MS) return known.credentials;
    this.#asked ??= this.#ask(address, env).finally(() => {
      this.#asked = undefined;
    });
    try {
      return await this.#asked;
    } catch (error) {
      // They are good for some minutes still.
      if (known && Date.now() < known.expires) return known.credentials;
      throw error;
    }
  }

  /** Asks again at the next need, unless other keys have come already. */
  forget({ accessKeyId, sessionToken }: Credentials): void {
    const known = this.#known?.credentials;
    if (known?.accessKeyId !== accessKeyId || known.sessionToken !== sessionToken) return;
    this.#known = undefined;
  }

  async #ask(address: URL, env: Environment): Promise<Credentials> {
    for (let tries = 1; ; tries++) {
      try {
        const { AccessKeyId, SecretAccessKey, Token, Expiration } = await read(address, env);
        const credentials = {
          accessKeyId: AccessKeyId,
          secretAccessKey: SecretAccessKey,
          sessionToken: Token,
        };
        const expires = Expiration ? Date.parse(Expiration) : Number.POSITIVE_INFINITY;
        this.#known = { credentials, expires };
        return credentials;
      } catch (error) {
        if (tries < TRIES) await sleep(PAUSE_MS);
        else throw refused(address, error);
      }
    }
  }
}

async function read(address: URL, env: Environment): Promise<z.infer<typeof replySchema>> {
  const token = await authorization(env);
  const reply = await fetch(address, {
    headers: token ? { Authorization: token } : {},
    redirect: 'error',
    signal: AbortSignal.timeout(TIMEOUT_MS),
  });
  if (!reply.ok) throw new Error(`it answers ${reply.status}`);
  // A text that does not fit may hold keys, so no message quotes it.
  const parsed = replySchema.safeParse(await reply.json().catch(() => undefined));
  if (parsed.success) return parsed.data;
  throw new Error('its answer holds no keys');
}

/** The file is read each time: EKS replaces the token in it. */
async function authorization(env: Environment): Promise<string | undefined> {
  const path = env.AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE;
  if (!path) return env.AWS_CONTAINER_AUTHORIZATION_TOKEN;
  return (await readFile(path, 'utf8')).trim();
}

function refused({ origin }: URL, cause: unknown): CodecLmError {
  const message = `asking ${origin} for credentials: ${messageOf(cause)}`;
  return new CodecLmError('STORAGE_CREDENTIALS', message, {
    cause,
    hint: 'AWS_CONTAINER_CREDENTIALS_FULL_URI or _RELATIVE_URI names it; give the container a role, or set AWS_ACCESS_KEY_ID',
  });
}

/**
 * Where the keys of object storage come from: the variables that all tools of AWS read, the shared
 * credentials file, or the endpoint that ECS and EKS give their containers. They stay in memory: no
 * message and no file ever holds them.
 */
import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { CodecLmError } from '../../error.ts';
import { ContainerEndpoint, containerAddress } from './container.ts';
import type { Credentials, Environment } from './keys.ts';

/** How long a file that had keys may have none: whoever renews them may empty it first. */
const WRITING_TRIES = 20;
const WRITING_PAUSE_MS = 50;

export class CredentialSource {
  readonly #env: Environment;
  readonly #container = new ContainerEndpoint();
  #hadFile = false;

  constructor(env: Environment = process.env) {
    this.#env = env;
  }

  /**
   * The keys to use now. Variables and the file are read each time, so that renewed keys are seen; the
   * endpoint is asked again before its keys expire.
   * @throws CodecLmError `STORAGE_CREDENTIALS` when there are none
   */
  async find(): Promise<Credentials> {
    const found = fromVariables(this.#env) ?? (await this.#fromFile());
    if (found) return found;
    const address = containerAddress(this.#env);
    if (address) return this.#container.get(address, this.#env);
    throw new CodecLmError('STORAGE_CREDENTIALS', 'no credentials for object storage were found', {
      hint: 'set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE for a profile of ~/.aws/credentials',
    });
  }

  async #fromFile(): Promise<Credentials | undefined> {
    for (let tries = 0; ; tries++) {
      const found = fromFile(this.#env);
      this.#hadFile ||= found !== undefined;
      if (found || !this.#hadFile || tries === WRITING_TRIES) return found;
      await sleep(WRITING_PAUSE_MS);
    }
  }

  /** Whether there are other keys than those that the storage has refused as expired. */
  async areRenewed(refused: Credentials): Promise<boolean> {
    this.#container.forget(refused);
    const now = await this.find();
    return now.accessKeyId !== refused.accessKeyId || now.sessionToken !== refused.sessionToken;
  }
}

function fromVariables(env: Environment): Credentials | undefined {
  const { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey } = env;
  if (!accessKeyId || !secretAccessKey) return undefined;
  return { accessKeyId, secretAccessKey, sessionToken: env.AWS_SESSION_TOKEN || undefined };
}

function fromFile(env: Environment): Credentials | undefined {
  const path = env.AWS_SHARED_CREDENTIALS_FILE ?? join(homedir(), '.aws', 'credentials');
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
  const keys = sectionOf(text, env.AWS_PROFILE ?? 'default');
  const accessKeyId = keys.get('aws_access_key_id');
  const secretAccessKey = keys.get('aws_secret_access_key');
  if (!accessKeyId || !secretAccessKey) return undefined;
  return { accessKeyId, secretAccessKey, sessionToken: keys.get('aws_session_token') };
}

/** The `key = value` lines below `[name]`. */
function sectionOf(text: string, name: string): Map<string, string> {
  const keys = new Map<string, string>();
  let isIn = false;
  for (const line of text.split(/\r?\n/)) {
    const header = /^\s*\[\s*([^\]]+?)\s*\]/.exec(line);
    if (header) isIn = header[1] === name;
    const pair = /^\s*([\w-]+)\s*=\s*(\S+)\s*$/.exec(line);
    if (isIn && pair) keys.set(pair[1].toLowerCase(), pair[2]);
  }
  return keys;
}

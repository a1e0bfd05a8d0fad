/**
 * Where the keys of object storage come from: the variables that all tools of AWS read, or the shared
 * credentials file. They stay in memory: no message and no file ever holds them.
 */
import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { CodecLmError } from '../../error.ts';

export interface Credentials {
  accessKeyId: string;
  secretAccessKey: string;
  sessionToken?: string;
}

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * @throws CodecLmError `STORAGE_CREDENTIALS` when there are none
 */
export function findCredentials(env: Environment = process.env): Credentials {
  const { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey } = env;
  if (accessKeyId && secretAccessKey) {
    return { accessKeyId, secretAccessKey, sessionToken: env.AWS_SESSION_TOKEN || undefined };
  }
  const found = fromFile(env);
  if (found) return found;
  throw new CodecLmError('STORAGE_CREDENTIALS', 'no credentials for object storage were found', {
    hint: 'set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE for a profile of ~/.aws/credentials',
  });
}

/** Reads the file each time, so that renewed keys are seen. */
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

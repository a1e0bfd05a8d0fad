/** Finds out who can reach the address on which a server listens. */
import { lookup } from 'node:dns/promises';
import { BlockList } from 'node:net';
import { CodecLmError, messageOf } from '../../base/error.ts';

const LOOPBACK = new BlockList();
LOOPBACK.addSubnet('127.0.0.0', 8, 'ipv4');
LOOPBACK.addAddress('::1', 'ipv6');

/** Names of this machine that a browser sends in `Host` for a server on loopback. */
const LOCAL_NAME = /^(localhost|127(\.\d+){3}|\[?::1\]?)$/i;

/**
 * Whether only this machine can reach the host: the name resolves only to loopback addresses.
 * @throws CodecLmError `USAGE` when other machines can reach it and there is no key;
 *   `CONFIG_INVALID` for a name that does not resolve
 */
export async function isPrivateHost(host: string, apiKey: string | undefined): Promise<boolean> {
  if (await isLoopback(host)) return true;
  if (apiKey !== undefined) return false;
  throw new CodecLmError(
    'USAGE',
    `\`host: ${host || "''"}\` lets other machines in without a key: set an \`apiKey\``,
    { hint: 'set `apiKey` or CODEC_LM_API_KEY, or listen on 127.0.0.1' },
  );
}

/**
 * Whether a request on loopback was meant for this server, and not for a foreign name that was made
 * to point here.
 */
export function isLocalName(header: string | undefined, host: string): boolean {
  const name = (header ?? '').replace(/:\d+$/, '');
  return LOCAL_NAME.test(name) || name.toLowerCase() === host.toLowerCase();
}

async function isLoopback(host: string): Promise<boolean> {
  // With an empty host, a socket listens on all addresses.
  if (host === '') return false;
  let addresses: { address: string; family: number }[];
  try {
    addresses = await lookup(host, { all: true });
  } catch (error) {
    throw new CodecLmError('CONFIG_INVALID', `cannot listen on ${host}: ${messageOf(error)}`, {
      cause: error,
      hint: 'choose another `host`',
    });
  }
  return addresses.every(({ address, family }) =>
    LOOPBACK.check(address, family === 6 ? 'ipv6' : 'ipv4'),
  );
}

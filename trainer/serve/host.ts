/** Who can reach the address that a server listens on. */
import { lookup } from 'node:dns/promises';
import { BlockList } from 'node:net';
import { CodecLmError, messageOf } from '../../base/error.ts';

const LOOPBACK = new BlockList();
LOOPBACK.addSubnet('127.0.0.0', 8, 'ipv4');
LOOPBACK.addAddress('::1', 'ipv6');

/** Names of this machine that a browser sends in `Host` for a server on loopback. */
const LOCAL_NAME = /^(localhost|127(\.\d+){3}|\[?::1\]?)$/i;

/**
 * Whether only this machine can reach it: all that the name resolves to is loopback.
 * @throws CodecLmError `USAGE` when other machines can and no key keeps them out; `CONFIG_INVALID`
 *   for a name that resolves to nothing
 */
export async function isPrivateHost(host: string, apiKey: string | undefined): Promise<boolean> {
  if (await isLoopback(host)) return true;
  if (apiKey !== undefined) return false;
  throw new CodecLmError(
    'USAGE',
    `\`host: ${host || "''"}\` lets other machines in, and nothing keeps them out: it wants an \`apiKey\``,
    { hint: 'set `apiKey` or CODEC_LM_API_KEY, or listen on 127.0.0.1' },
  );
}

/** Whether a request that came to loopback was meant for it, and no foreign name was made to point here. */
export function isLocalName(header: string | undefined, host: string): boolean {
  const name = (header ?? '').replace(/:\d+$/, '');
  return LOCAL_NAME.test(name) || name.toLowerCase() === host.toLowerCase();
}

async function isLoopback(host: string): Promise<boolean> {
  // Without an address a socket listens on all of them.
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

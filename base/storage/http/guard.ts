/**
 * Keeps lists from elsewhere from reaching into the network of this machine: an address of a host name
 * is used only if it is a public one, when the connection is made, so that no later answer of the name
 * server can replace it.
 */
import { lookup as resolve } from 'node:dns/promises';
import { BlockList, isIP } from 'node:net';

/** IANA's special-purpose registries (RFC 6890): what is not reachable by everybody. */
const PRIVATE: readonly (readonly [address: string, prefix: number])[] = [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 4],
  ['240.0.0.0', 4],
  ['::', 127],
  ['64:ff9b::', 96],
  ['64:ff9b:1::', 48],
  ['100::', 64],
  ['2001:db8::', 32],
  ['2002::', 16],
  ['fc00::', 7],
  ['fe80::', 10],
  ['ff00::', 8],
];

const blocked = new BlockList();
for (const [address, prefix] of PRIVATE) {
  blocked.addSubnet(address, prefix, address.includes(':') ? 'ipv6' : 'ipv4');
}

/** Whether an IP address is not a public one. IPv4 inside of IPv6 counts as the IPv4 address. */
export function isPrivateAddress(address: string): boolean {
  const inner = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1];
  if (inner) return isPrivateAddress(inner);
  const family = isIP(address);
  if (family === 0) return true;
  return blocked.check(address, family === 6 ? 'ipv6' : 'ipv4');
}

/**
 * Resolves a host name to an address that may be used.
 * @param allowed host names that may be private: those of CODEC_LM_PRIVATE_HOSTS
 * @throws Error that names the host
 */
export async function publicAddress(
  hostname: string,
  allowed: readonly string[],
): Promise<{ address: string; family: number }> {
  const name = hostname.replace(/^\[|\]$/g, '');
  const found = await resolve(name, { all: true });
  const usable = allowed.includes(name) ? found : found.filter((a) => !isPrivateAddress(a.address));
  if (usable.length > 0) return usable[0];
  throw new Error(
    `${name} is an address of a private network (CODEC_LM_PRIVATE_HOSTS names those that may be read)`,
  );
}

export function privateHosts(env = process.env): string[] {
  return (env.CODEC_LM_PRIVATE_HOSTS ?? '').split(/[\s,]+/).filter(Boolean);
}

/** The address of an object: AWS itself, or any server that speaks S3 (AWS_ENDPOINT_URL). */
import { CodecLmError } from '../../error.ts';

export interface Endpoint {
  isSecure: boolean;
  /** Host name of the connection; `host` also has the port, as the request's header does. */
  hostname: string;
  port?: number;
  host: string;
  region: string;
  /** Path of the object, encoded, without a query. */
  path: string;
}

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * The address of an object; `key` is empty for the bucket itself.
 * @throws CodecLmError `USAGE` for an AWS_ENDPOINT_URL that is no http URL
 */
export function endpointOf(bucket: string, key: string, env: Environment = process.env): Endpoint {
  const region = env.AWS_REGION || env.AWS_DEFAULT_REGION || 'us-east-1';
  const custom = env.AWS_ENDPOINT_URL_S3 || env.AWS_ENDPOINT_URL;
  if (custom) return onServer(custom, region, `/${bucket}/${encodeKey(key)}`);
  const host = `s3.${region}.amazonaws.com`;
  // The certificate of AWS covers one label in front of its host.
  const isInHost = !bucket.includes('.');
  const hostname = isInHost ? `${bucket}.${host}` : host;
  const path = isInHost ? `/${encodeKey(key)}` : `/${bucket}/${encodeKey(key)}`;
  return { isSecure: true, hostname, host: hostname, region, path };
}

function onServer(address: string, region: string, path: string): Endpoint {
  let url: URL;
  try {
    url = new URL(address);
    if (!/^https?:$/.test(url.protocol)) throw new Error('not http');
  } catch (cause) {
    throw new CodecLmError('USAGE', `AWS_ENDPOINT_URL ${address} is not an http or https URL`, {
      cause,
      hint: 'such as http://127.0.0.1:9000',
    });
  }
  const { protocol, hostname, port, host, pathname } = url;
  return {
    isSecure: protocol === 'https:',
    hostname: hostname.replace(/^\[|\]$/g, ''),
    port: port ? Number(port) : undefined,
    host,
    region,
    path: `${pathname.replace(/\/+$/, '')}${path}`,
  };
}

/** RFC 3986: everything but unreserved characters is encoded, and slashes are kept. */
export function encodeKey(key: string): string {
  return key.split('/').map(encodePart).join('/');
}

export function encodePart(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

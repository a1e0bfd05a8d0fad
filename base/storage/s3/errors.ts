/** What an error of object storage means: whether to try again, and what to tell a person. */
import { CodecLmError, type ErrorCode, messageOf, systemCode } from '../../error.ts';
import type { S3Reply } from './request.ts';
import { elementText } from './xml.ts';

/** An error reply: its HTTP status, and the code that S3 gives in the body. */
export class S3Failure extends Error {
  readonly status: number;
  readonly code: string;
  /** The region that the bucket is in, if the reply says so. */
  readonly region: string | undefined;

  constructor({ status, headers, body }: S3Reply) {
    const text = body.toString('utf8');
    const code = elementText(text, 'Code') ?? '';
    super(`${status} ${code} ${elementText(text, 'Message') ?? ''}`.trim());
    this.status = status;
    this.code = code;
    const region = headers['x-amz-bucket-region'];
    this.region = typeof region === 'string' ? region : undefined;
  }
}

const TRANSIENT_STATUS = new Set([408, 429, 500, 502, 503, 504]);
const TRANSIENT_CODE = new Set([
  'RequestTimeout',
  'SlowDown',
  'InternalError',
  'ServiceUnavailable',
  // Another conditional write of the same object was in flight.
  'ConditionalRequestConflict',
  'OperationAborted',
  // The body was damaged on its way.
  'XAmzContentSHA256Mismatch',
  'BadDigest',
  'IncompleteBody',
]);
const NETWORK = new Set(
  'ECONNRESET ECONNREFUSED ECONNABORTED EPIPE ETIMEDOUT EAI_AGAIN ENOTFOUND ENETUNREACH EHOSTUNREACH ENETDOWN EHOSTDOWN'.split(
    ' ',
  ),
);

export function isThrottling(error: unknown): boolean {
  return error instanceof S3Failure && (error.status === 429 || error.status === 503);
}

/** Whether no server was reached at all. */
export function isNetwork(error: unknown): boolean {
  const code = systemCode(error) ?? '';
  return NETWORK.has(code) || code.startsWith('HPE_');
}

export function isTransient(error: unknown): boolean {
  if (!(error instanceof S3Failure)) return isNetwork(error);
  return TRANSIENT_STATUS.has(error.status) || TRANSIENT_CODE.has(error.code);
}

/** Whether renewed credentials may help. */
export function isExpired(error: unknown): boolean {
  return error instanceof S3Failure && /^(ExpiredToken|TokenRefreshRequired)/.test(error.code);
}

/** Whether a request is refused and nothing says why. */
export function isWithoutReason(error: unknown): boolean {
  return error instanceof S3Failure && error.code === '' && [400, 401, 403].includes(error.status);
}

/** Whether the object is not there; a HEAD reply has no code. */
export function isMissing(error: unknown): boolean {
  return error instanceof S3Failure && error.status === 404 && error.code !== 'NoSuchBucket';
}

type Doing = 'reading' | 'writing' | 'listing' | 'removing';

/** Turns an error into ours; a CodecLmError is returned as it is. */
export function storageError(error: unknown, place: string, doing: Doing): CodecLmError {
  if (error instanceof CodecLmError) return error;
  const { code, found, hint } = meaningOf(error, doing);
  return new CodecLmError(code, `${doing} ${place}: ${found}`, { cause: error, path: place, hint });
}

interface Meaning {
  code: ErrorCode;
  found: string;
  hint?: string;
}

const KEYS = 'check AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN, or AWS_PROFILE';

function meaningOf(error: unknown, doing: Doing): Meaning {
  const isRead = doing === 'reading' || doing === 'listing';
  if (!(error instanceof S3Failure)) return ofConnection(error);
  const { status, code, region } = error;
  const said = `the storage says ${code || status}`;
  if (isExpired(error)) {
    return {
      code: 'STORAGE_CREDENTIALS',
      found: `the credentials have expired (${said})`,
      hint: 'renew them and run the same command again; finished parts are kept',
    };
  }
  if (
    /^(InvalidAccessKeyId|SignatureDoesNotMatch|InvalidToken|RequestTimeTooSkewed|AuthFailure)/.test(
      code,
    )
  ) {
    return {
      code: 'STORAGE_CREDENTIALS',
      found: `the credentials are refused (${said})`,
      hint: KEYS,
    };
  }
  if (region !== undefined && (status === 301 || status === 307 || status === 400)) {
    return {
      code: 'USAGE',
      found: `the bucket is in the region ${region}`,
      hint: `set AWS_REGION=${region}`,
    };
  }
  if (code === 'NoSuchBucket') {
    return {
      code: isRead ? 'INPUT_NOT_FOUND' : 'OUTPUT_UNWRITABLE',
      found: 'there is no such bucket',
      hint: 'check its name and AWS_ENDPOINT_URL; buckets are not made here',
    };
  }
  if (status === 404) return { code: 'INPUT_NOT_FOUND', found: 'no such object' };
  if (status === 401 || status === 403) {
    return {
      code: isRead ? 'INPUT_UNREADABLE' : 'OUTPUT_UNWRITABLE',
      found: `not allowed (${said})`,
      hint: isRead
        ? 'these credentials may not read it: s3:GetObject and s3:ListBucket are needed'
        : 'these credentials may only read it: s3:PutObject and s3:DeleteObject are needed',
    };
  }
  if (isThrottling(error)) {
    return {
      code: 'STORAGE_UNAVAILABLE',
      found: `it is throttled (${said}) for too long`,
      hint: 'use fewer workers, then run the same command again; finished parts are kept',
    };
  }
  if (isTransient(error)) return { code: 'STORAGE_UNAVAILABLE', found: `${said} again and again` };
  return { code: 'IO_FAILED', found: error.message };
}

function ofConnection(error: unknown): Meaning {
  if (!isNetwork(error)) return { code: 'IO_FAILED', found: messageOf(error) };
  return {
    code: 'STORAGE_UNAVAILABLE',
    found: `no connection (${messageOf(error)})`,
    hint: 'check the network and AWS_ENDPOINT_URL, then run the same command again; finished parts are kept',
  };
}

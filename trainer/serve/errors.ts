/** Errors that a client receives when its request is refused, in the form of OpenAI's API. */
import { CodecLmError } from '../../base/error.ts';

export interface HttpErrorDetails {
  headers?: Record<string, string>;
  /** The field of the request that is wrong. */
  param?: string;
}

export class HttpError extends Error {
  override readonly name = 'HttpError';
  readonly status: number;
  readonly headers: Record<string, string>;
  readonly param: string | null;

  constructor(status: number, message: string, { headers = {}, param }: HttpErrorDetails = {}) {
    super(message);
    this.status = status;
    this.headers = headers;
    this.param = param ?? null;
  }
}

/**
 * Converts an error: the client is told about errors in its request or input, but not about errors
 * of the machine.
 */
export function httpErrorOf(error: unknown): HttpError {
  if (error instanceof HttpError) return error;
  if (error instanceof CodecLmError && error.code === 'NOT_FINITE') {
    return new HttpError(500, error.message);
  }
  if (error instanceof CodecLmError && error.scope !== 'machine') {
    const hint = error.hint ? ` (${error.hint})` : '';
    return new HttpError(400, `${error.message}${hint}`);
  }
  return new HttpError(500, 'the server failed; its log says why');
}

const TYPES: Record<number, string> = {
  401: 'authentication_error',
  403: 'permission_error',
  404: 'not_found_error',
  429: 'rate_limit_error',
  500: 'server_error',
  503: 'server_error',
};

export function errorBody({ status, message, param }: HttpError): object {
  const type = TYPES[status] ?? 'invalid_request_error';
  return { error: { message, type, param, code: status } };
}

/** Error for a file of torch. */
import { CodecLmError } from '../../base/error.ts';

const DAMAGED = 'the file is damaged; download it again, or save the model as safetensors';

export function invalidTorch(path: string, message: string, hint = DAMAGED): CodecLmError {
  return new CodecLmError('CHECKPOINT_INVALID', `${path}: ${message}`, { path, hint });
}

/** A name out of a file, as it may be shown: on one line, and not all of a long one. */
export function quoted(name: string): string {
  if (/^[\w.]{1,200}$/.test(name)) return name;
  return JSON.stringify(name.length > 200 ? `${name.slice(0, 200)}…` : name);
}

/** Types of codec options by codec name; a program that registers a codec may add its own. */
import type { z } from 'zod';
import type { avcOptions } from './avc/index.ts';
import type { jpegOptions } from './jpeg/index.ts';

/**
 * @example
 * declare module 'codec-lm/tokenizer' {
 *   interface CodecOptionsByName { bmp: { size?: number } }
 * }
 */
export interface CodecOptionsByName {
  jpeg: z.input<typeof jpegOptions>;
  avc: z.input<typeof avcOptions>;
}

/** Options of one codec; any options for a codec without a declaration. */
export type CodecOptions<Name extends string> = Name extends keyof CodecOptionsByName
  ? CodecOptionsByName[Name]
  : Readonly<Record<string, unknown>>;

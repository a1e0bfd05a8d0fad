/** A size in pixels as options have it. */
import { z } from 'zod';

/** `256` or `256x144` in pixels; the JPEG format ends at 65,535. */
export const sizeOption = z
  .string()
  .regex(/^[1-9]\d{0,4}(x[1-9]\d{0,4})?$/, 'must be pixels, as 256 or 256x144')
  .describe('width and height of every document in pixels')
  .meta({ valueName: 'WxH' });

/** `"256x144"` -> pixels; one number is a square. */
export function parseSize(text: string): { width: number; height: number } {
  const [width, height = width] = text.split('x').map(Number);
  return { width, height };
}

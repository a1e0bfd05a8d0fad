/** A size in pixels, as it is written in options. */
import { z } from 'zod';

const SIZE = /^[1-9]\d{0,4}(x[1-9]\d{0,4})?$/;

/** `256` or `256x144` in pixels; the JPEG format allows up to 65,535. */
export const sizeOption = z
  .union([z.string(), z.number()])
  .refine((size) => SIZE.test(String(size)), 'must be pixels, such as 256 or 256x144')
  .describe('Width and height of every document in pixels')
  .meta({ valueName: 'WxH' });

/** Parses `"256x144"`; a single number is a square. */
export function parseSize(size: string | number): { width: number; height: number } {
  const [width, height = width] = String(size).split('x').map(Number);
  return { width, height };
}

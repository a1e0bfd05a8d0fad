/** Small files of many kinds and what Pillow says of them: made by bench/peers/images/golden.py. */
import { readFileSync } from 'node:fs';

const FOLDER = new URL('../golden/images/', import.meta.url);

export interface GoldenImage {
  width: number;
  height: number;
  /** Pillow's. */
  mode: string;
  /** SHA-256 of convert('RGB'). */
  rgb: string;
  /** Pixels over a colour, by that colour: RGB, base64. */
  over?: Record<string, string>;
}

/** The input, its kernel, both sizes, the SHA-256 of the samples. */
type GoldenResize = [
  kind: 'u1' | 'f4',
  kernel: 'bilinear' | 'bicubic' | 'lanczos',
  width: number,
  height: number,
  toWidth: number,
  toHeight: number,
  digest: string,
];

export const golden: {
  images: Record<string, GoldenImage>;
  /** Part of the reason, by file. */
  refused: Record<string, string>;
  resizes: GoldenResize[];
} = JSON.parse(readFileSync(new URL('expected.json', FOLDER), 'utf8'));

export function goldenFile(name: string): Buffer {
  return readFileSync(new URL(name, FOLDER));
}

/** The cache of far shards on a disk of this machine. */
import { z } from 'zod';

const SIZE = /^(\d+(?:\.\d+)?)\s*([KMGT]?)B?$/i;

export const cacheOptions = {
  cache: z
    .string()
    .optional()
    .describe(
      'Keep row groups of datasets at s3:// in this folder; all ranks of the machine share it',
    )
    .meta({ valueName: 'dir' }),
  cacheSize: z
    .string()
    .regex(SIZE, 'must be a size, such as 50G')
    .default('50G')
    .describe('Size that the cache may have')
    .meta({ valueName: 'size', isText: true }),
};

/** `"50G"` is 50e9 bytes. */
export function parseBytes(size: string): number {
  const [, number, unit] = SIZE.exec(size)!;
  return Math.round(
    Number(number) * 1000 ** ' KMGT'.indexOf(unit === '' ? ' ' : unit.toUpperCase()),
  );
}

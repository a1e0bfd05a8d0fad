/** The number format of keys and values: the one that was asked for, or the widest that finds room. */
import { CodecLmError } from '../../../base/error.ts';
import type { CacheType, WeightsType } from '../../../schemas/sample.ts';
import { headSize, type LlamaConfig } from '../../model/config.ts';
import { CACHE_FORMATS } from './kernels/cache-format.ts';
import type { EnginePlan } from './layout.ts';
import { type EngineLayout, planLayout } from './regions.ts';

interface PlannedCache {
  layout: EngineLayout;
  /** Says that a narrower format was taken than usual. */
  remark?: string;
}

/**
 * @param wanted the format, if it was asked for, and the sizes of memory, for tests
 * @throws CodecLmError `MEMORY_LIMIT`; `CONFIG_INVALID` for heads that the format does not allow
 */
export function planCache(
  config: LlamaConfig,
  plan: Omit<EnginePlan, 'cache'>,
  wanted: { cache?: CacheType; memoryBytes?: number; usableBytes?: number } = {},
): PlannedCache {
  const { memoryBytes, usableBytes } = wanted;
  const layoutOf = (cache: CacheType) =>
    planLayout(config, { ...plan, cache }, memoryBytes, usableBytes);
  if (wanted.cache) {
    checkHeads(config, wanted.cache);
    return { layout: layoutOf(wanted.cache) };
  }
  const usual = usualCache(plan.weights);
  try {
    return { layout: layoutOf(usual) };
  } catch (error) {
    const isShort = error instanceof CodecLmError && error.code === 'MEMORY_LIMIT';
    if (!isShort || !allowsHeads(config, 'int8')) throw error;
    const remark = `keys and values are held as int8: as ${usual} they do not fit into memory`;
    return { layout: layoutOf('int8'), remark };
  }
}

/** The format beside such weights, where there is room. */
export function usualCache(weights: WeightsType): CacheType {
  return weights === 'fp32' ? 'fp32' : 'bf16';
}

function allowsHeads(config: LlamaConfig, cache: CacheType): boolean {
  const { multiple, largest } = CACHE_FORMATS[cache];
  const size = headSize(config);
  return size % multiple === 0 && size <= largest;
}

function checkHeads(config: LlamaConfig, cache: CacheType): void {
  if (allowsHeads(config, cache)) return;
  const { multiple, largest } = CACHE_FORMATS[cache];
  throw new CodecLmError(
    'CONFIG_INVALID',
    `cache ${cache}: heads of ${headSize(config)} numbers; it takes multiples of ${multiple} up to ${largest}`,
    { hint: 'take bf16 or fp32' },
  );
}

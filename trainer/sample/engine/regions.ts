/** A model over as many WebAssembly memories as it takes, within the memory of the machine. */
import { totalmem } from 'node:os';
import { CodecLmError } from '../../../base/error.ts';
import type { LlamaConfig } from '../../model/config.ts';
import { CACHE_PAGE } from './kernels/pages.ts';
import { type EnginePlan, planRegion, type RegionLayout, type RegionPart } from './layout.ts';

/** A 32-bit WebAssembly memory holds no more. */
export const MAX_MEMORY_BYTES = 2 ** 32 - 2 ** 16;
/** The rest is the process's own, and the system's. */
const USABLE_SHARE = 0.95;

export interface EngineLayout extends EnginePlan {
  regions: RegionLayout[];
  /** Pages of the cache, in each layer. */
  pageCount: number;
  /** Size of all regions together. */
  bytes: number;
}

/** Bytes that an engine may take on this machine, or in the container that it runs in. */
export function usableMemory(): number {
  const total = totalmem();
  const limit = process.constrainedMemory() ?? 0;
  return Math.floor(USABLE_SHARE * (limit > 0 && limit < total ? limit : total));
}

/**
 * The cache has room for all sequences at full length, or for as many as the machine's memory leaves room for.
 * @param most bytes of one memory
 * @throws CodecLmError `MEMORY_LIMIT` where not even one sequence fits beside the weights
 */
export function planLayout(
  config: LlamaConfig,
  plan: EnginePlan,
  most = MAX_MEMORY_BYTES,
  usable = usableMemory(),
): EngineLayout {
  const { sequences, positions } = plan;
  const fewest = Math.ceil(positions / CACHE_PAGE);
  // A sequence may leave a part of its last page empty.
  const wanted = Math.ceil((sequences * positions) / CACHE_PAGE) + sequences;
  const everything = { fromLayer: 0, toLayer: 1, hasEmbedding: true, hasHead: true };
  const single = planRegion(config, plan, everything, 0);
  const inOneMemory = Math.floor((most - single.bytes) / single.pageBytes);
  if (inOneMemory < fewest) {
    const needed = single.bytes + fewest * single.pageBytes;
    const what = `a layer takes ${gib(needed)} with the keys and values of ${positions} tokens`;
    throw tooLarge(`${what}, and a WebAssembly memory holds ${gib(most)}`);
  }
  const withPages = (pageCount: number): EngineLayout => {
    const regions = split(config, plan, pageCount, most);
    const bytes = regions.reduce((sum, region) => sum + region.bytes, 0);
    return { ...plan, regions, pageCount, bytes };
  };
  const smallest = withPages(fewest);
  const pageOfAll = config.layers * single.pageBytes;
  const spare = Math.floor((usable - smallest.bytes) / pageOfAll);
  if (spare < 0) {
    const cache = fewest * pageOfAll;
    throw tooLarge(
      `the model takes ${gib(smallest.bytes - cache)} as ${plan.weights} and the keys and values of ${positions} tokens ${gib(cache)}, of ${gib(usable)} that may be used here`,
    );
  }
  for (let pages = Math.min(wanted, inOneMemory, fewest + spare); ; pages--) {
    const layout = pages <= fewest ? smallest : withPages(pages);
    // More pages may take a memory more, with activations of its own.
    if (layout === smallest || layout.bytes <= usable) return layout;
  }
}

/** As few regions as hold all layers. */
function split(
  config: LlamaConfig,
  plan: EnginePlan,
  pageCount: number,
  most: number,
): RegionLayout[] {
  const regions: RegionLayout[] = [];
  for (let fromLayer = 0; fromLayer < config.layers; ) {
    const region = (toLayer: number): RegionLayout => {
      const part: RegionPart = {
        ...{ fromLayer, toLayer },
        hasEmbedding: fromLayer === 0,
        hasHead: toLayer === config.layers,
      };
      return planRegion(config, plan, part, pageCount);
    };
    let largest = region(fromLayer + 1);
    while (largest.toLayer < config.layers) {
      const larger = region(largest.toLayer + 1);
      if (larger.bytes > most) break;
      largest = larger;
    }
    regions.push(largest);
    fromLayer = largest.toLayer;
  }
  return regions;
}

function tooLarge(message: string): CodecLmError {
  return new CodecLmError('MEMORY_LIMIT', message, {
    hint: 'take narrower weights (--weights int8), narrower keys and values (--cache int8), shorter sequences (--max-tokens), or a machine with more memory',
  });
}

function gib(bytes: number): string {
  return `${(bytes / 2 ** 30).toFixed(1)} GiB`;
}

/** `WebAssembly kernels and AVX-512 on 2 threads, weights bf16 in 4 memories, keys and values bf16`. */
export function describeEngine(
  { threads, weights, cache, regions }: EngineLayout,
  compiled?: string,
): string {
  const on = `${threads} ${threads === 1 ? 'thread' : 'threads'}`;
  const memories = regions.length === 1 ? '' : ` in ${regions.length} memories`;
  const kernels = compiled ? 'WebAssembly kernels and AVX-512' : 'WebAssembly kernels';
  return `${kernels} on ${on}, weights ${weights}${memories}, keys and values ${cache}`;
}

/** GPUs on which a run may be planned, with the figures of NVIDIA's data sheets. */

export interface Gpu {
  name: string;
  /** Memory in bytes. */
  memory: number;
  /** Dense products in bf16 with fp32 sums, floating-point operations per second. */
  flops: number;
}

const GIB = 2 ** 30;

/** By memory; of equal ones, the slower first. */
export const GPUS: readonly Gpu[] = [
  { name: 'A10', memory: 24 * GIB, flops: 125e12 },
  { name: 'A100 40 GB', memory: 40 * GIB, flops: 312e12 },
  { name: 'L40S', memory: 48 * GIB, flops: 362e12 },
  { name: 'A100 80 GB', memory: 80 * GIB, flops: 312e12 },
  { name: 'H100 80 GB', memory: 80 * GIB, flops: 989e12 },
  { name: 'H200', memory: 141 * GIB, flops: 989e12 },
  { name: 'B200', memory: 180 * GIB, flops: 2250e12 },
];

/**
 * Share of a GPU's memory that tensors may take: the rest is for CUDA, the libraries' workspaces and
 * what the allocator cannot use.
 */
const USABLE = 0.9;

/** The smallest GPU that holds so many bytes of tensors; undefined when none does. */
export function smallestGpu(bytes: number): Gpu | undefined {
  return GPUS.find(({ memory }) => bytes <= USABLE * memory);
}

/**
 * Days of a run.
 * @param flops of all tokens, by the convention of MFU
 * @param mfu share of the GPUs' speed that is used
 */
export function daysOn(gpu: Gpu, ranks: number, flops: number, mfu: number): number {
  return flops / (ranks * gpu.flops * mfu) / 86_400;
}

/** Chooses the engine that computes logits: this project's WebAssembly kernels, or TensorFlow. */
import { CodecLmError } from '../../../base/error.ts';
import { hasOptional } from '../../../base/optional.ts';
import { findCompiled } from '../../../compute/compiled/find.ts';
import { gpuCount } from '../../../compute/gpu.ts';
import { pickInstalled } from '../../../compute/native.ts';
import type { EngineChoice, WeightsType } from '../../../schemas/sample.ts';
import { type LlamaConfig, parameterCount } from '../../model/config.ts';
import type { NativeWeights } from './native/ops.ts';
import type { EngineSize } from './wasm-engine.ts';

export interface SamplerSize extends EngineSize {
  /** Default `auto`. */
  engine?: EngineChoice;
  /** How many sequences are mostly open at once; default all. */
  mostly?: number;
}

/** Below these, on a CPU, plain WebAssembly is as fast by the clock or faster: see docs/sampling.md. */
const LEAST_SEQUENCES: Readonly<Record<NativeWeights, number>> = { fp32: 32, bf16: 16 };
const LEAST_PARAMETERS = 10_000_000;

export interface ChosenEngine {
  name: 'wasm' | 'native';
  /** Said where `auto` does not take what it takes by default. */
  remark?: string;
}

/**
 * On a GPU `auto` is TensorFlow. On CPUs it is WebAssembly where its kernels are compiled, since these are faster for any
 * number of sequences; without them it is TensorFlow for many sequences of a large model.
 * @param weights that are asked for, or the checkpoint's own
 * @throws CodecLmError `CONFIG_INVALID` for formats that TensorFlow's engine does not have
 */
export function chooseEngine(
  config: LlamaConfig,
  { engine = 'auto', sequences, mostly = sequences, cache, compiled = true }: SamplerSize,
  weights: WeightsType,
): ChosenEngine {
  if (engine === 'wasm') return { name: 'wasm' };
  const held = isNativeType(weights) && cache === undefined ? weights : undefined;
  if (engine === 'native') {
    if (held) return { name: 'native' };
    throw new CodecLmError(
      'CONFIG_INVALID',
      cache === undefined
        ? `engine native holds weights as fp32 or bf16, not as ${weights}`
        : `engine native chooses how keys and values are held, and takes no cache ${cache}`,
      { hint: 'take weights fp32 or bf16 and no cache, or engine wasm' },
    );
  }
  const installed = held && hasOptional('koffi') && pickInstalled();
  if (!held || !installed) return { name: 'wasm' };
  const said = 'take --engine wasm for the same files with any batch';
  if (installed.variant === 'gpu' && gpuCount() > 0) {
    return { name: 'native', remark: `engine: native, on the GPU; ${said}` };
  }
  if (compiled && findCompiled()) return { name: 'wasm' };
  if (mostly < LEAST_SEQUENCES[held] || parameterCount(config) < LEAST_PARAMETERS) {
    return { name: 'wasm' };
  }
  return {
    name: 'native',
    remark: `engine: native, faster for ${sequences} sequences of this model; ${said}`,
  };
}

export function isNativeType(weights: WeightsType): weights is NativeWeights {
  return weights === 'fp32' || weights === 'bf16';
}

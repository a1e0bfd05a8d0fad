/** What a GGUF file says of a model: llama.cpp's keys for its shape, and a few of general use. */
import { headSize, type LlamaConfig } from '../../model/config.ts';
import { GGUF_FORMATS, type GgufPrecision } from './types.ts';
import { ALIGNMENT, type GgufValue } from './values.ts';

/** Version of the block formats; readers ask for it where a tensor is quantized. */
const QUANTIZATION_VERSION = 2;

/** @param name of the model, for people */
export function modelMetadata(
  config: LlamaConfig,
  precision: GgufPrecision,
  name: string,
): Map<string, GgufValue> {
  const architecture = config.qkNorm ? 'qwen3' : 'llama';
  const metadata = new Map<string, GgufValue>([
    ['general.architecture', { type: 'string', value: architecture }],
    ['general.type', { type: 'string', value: 'model' }],
    ['general.name', { type: 'string', value: name }],
    ['general.alignment', { type: 'u32', value: ALIGNMENT }],
    ['general.file_type', { type: 'u32', value: GGUF_FORMATS[precision].fileType }],
  ]);
  if (precision === 'q8_0') {
    metadata.set('general.quantization_version', { type: 'u32', value: QUANTIZATION_VERSION });
  }
  const head = headSize(config);
  const counts: Record<string, number> = {
    vocab_size: config.vocabSize,
    context_length: config.maxPositions,
    embedding_length: config.hiddenSize,
    block_count: config.layers,
    feed_forward_length: config.intermediateSize,
    'attention.head_count': config.heads,
    'attention.head_count_kv': config.kvHeads,
    'attention.key_length': head,
    'attention.value_length': head,
    'rope.dimension_count': head,
  };
  for (const [key, value] of Object.entries(counts)) {
    metadata.set(`${architecture}.${key}`, { type: 'u32', value });
  }
  const { normEps, ropeTheta } = config;
  metadata.set(`${architecture}.attention.layer_norm_rms_epsilon`, { type: 'f32', value: normEps });
  metadata.set(`${architecture}.rope.freq_base`, { type: 'f32', value: ropeTheta });
  return metadata;
}

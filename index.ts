/**
 * Train Llama models that write image and video files byte by byte. What most programs need is
 * here; each folder has a door of its own for the rest: `codec-lm/tokenizer`, `codec-lm/shards`,
 * `codec-lm/pipeline`, `codec-lm/trainer`.
 *
 * @module
 */
export { CodecLmError, type ErrorCode, type ErrorDetails, type ErrorScope } from './base/error.ts';
export { type PipelineEvent, type PipelineOptions, runPipeline } from './pipeline/index.ts';
export { type Dataset, openDataset } from './shards/index.ts';
export { codecNamed, openTokenizer, registerCodec, type Tokenizer } from './tokenizer/index.ts';
export {
  exportCheckpoint,
  type FitEvent,
  type FitOptions,
  type FitResult,
  fit,
  loadModel,
  type Model,
  type Sample,
  type SampleOptions,
  sample,
  sampleFiles,
  score,
  serve,
} from './trainer/index.ts';

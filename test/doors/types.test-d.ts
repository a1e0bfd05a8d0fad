/**
 * Types of the doors, checked by tsc: nothing here runs. A line fails to compile when a type becomes
 * wider or narrower than it was.
 */
import type { CodecLmError, ErrorCode } from 'codec-lm';
import { type PipelineEvent, type PipelineOptions, runPipeline } from 'codec-lm/pipeline';
import {
  type Batch,
  type Dataset,
  type DocumentTokens,
  type extract,
  type inspect,
  openDataset,
  type Split,
  type VerifyEvent,
  type verify,
} from 'codec-lm/shards';
import type { codecNamed, openTokenizer, Tokenizer } from 'codec-lm/tokenizer';
import {
  type FitEvent,
  type FitOptions,
  fit,
  type loadModel,
  type Model,
  type Sample,
  sample,
  type serve,
  type TrainMetrics,
} from 'codec-lm/trainer';

type Equal<A, B> =
  (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;

/** Compiles only for `true`. */
declare function holds<_Claim extends true>(): void;

type Awaits<F extends (...args: never[]) => unknown> = Awaited<ReturnType<F>>;

// shards
holds<Equal<Awaits<typeof openDataset>, Dataset>>();
holds<Equal<Split, 'train' | 'val'>>();
holds<Equal<Parameters<Dataset['sequences']>, [split: Split]>>();
holds<Equal<ReturnType<Dataset['documents']>, AsyncGenerator<DocumentTokens>>>();
holds<Equal<DocumentTokens['ids'], Uint16Array>>();
holds<Equal<Batch['ids'], Int32Array>>();
holds<Equal<Batch['segments'], Int32Array | undefined>>();
holds<Equal<VerifyEvent['type'], 'hashes' | 'rows' | 'documents'>>();
holds<Equal<Awaits<typeof extract>, number>>();
holds<Equal<Awaits<typeof inspect>['kind'], 'dataset' | 'shard'>>();
holds<Equal<Awaits<typeof verify>['problems'][number], { file: string; problem: string }>>();

// trainer
holds<Equal<FitOptions['backend'], 'auto' | 'native' | 'wasm' | undefined>>();
holds<Equal<Extract<FitEvent, { type: 'step' }>['metrics'], TrainMetrics>>();
holds<
  Equal<
    FitEvent['type'],
    | 'backend'
    | 'ranks'
    | 'lock-wait'
    | 'resume'
    | 'skip-checkpoint'
    | 'nothing-to-resume'
    | 'init'
    | 'step'
    | 'evaluation'
    | 'checkpoint'
  >
>();
holds<Equal<Awaits<typeof fit>['checkpoint'], string | undefined>>();

holds<Equal<Awaits<typeof loadModel>, Model>>();
holds<Equal<ReturnType<typeof sample>, AsyncGenerator<Sample, void>>>();
holds<Equal<Sample['file'], Uint8Array | null>>();
holds<Equal<Sample['finish'], 'eos' | 'length' | 'stop'>>();
holds<Equal<Awaits<typeof serve>['url'], string>>();

// pipeline
holds<Equal<PipelineOptions['quality'], number | undefined>>();
holds<Equal<PipelineOptions<'avc'>['profile'], 'paper' | 'reproducible' | undefined>>();
holds<Equal<Extract<PipelineEvent, { type: 'partition' }>['documents'], number>>();
holds<string extends PipelineEvent['type'] ? false : true>();

// tokenizer
holds<Equal<Awaits<typeof openTokenizer>, Tokenizer>>();
holds<Equal<ReturnType<Tokenizer['encodeDocument']>, Uint16Array>>();
holds<Equal<ReturnType<typeof codecNamed>['media'], 'images' | 'videos'>>();

// errors
holds<Equal<CodecLmError['code'], ErrorCode>>();
holds<ErrorCode extends string ? true : false>();
holds<string extends ErrorCode ? false : true>();

// Calls that must not compile.
const dataset: Dataset = await openDataset('DS');
// @ts-expect-error no such split
dataset.sequences('test');
// @ts-expect-error the batch size is a number
dataset.loader({ microBatch: '4' });
// @ts-expect-error no such option
dataset.loader({ batchSize: 4 });
// @ts-expect-error the run directory is required
await fit({ data: 'DS' });
// @ts-expect-error no such key of the configuration
await fit({ data: 'DS', out: 'RUN', config: { train: { stepz: 3 } } });
// @ts-expect-error an event of another function
await fit({ data: 'DS', out: 'RUN', onEvent: (event: VerifyEvent) => void event });
// @ts-expect-error an option of another codec
await runPipeline({ sources: 'photos', out: 'DS', profile: 'paper' });
// @ts-expect-error the sources are required
await runPipeline({ out: 'DS' });
await runPipeline({ sources: 'clips', out: 'DS', codec: 'avc', frames: 15 });
declare const model: Model;
// @ts-expect-error the grammar is on or off
sample(model, { grammar: 'on' });

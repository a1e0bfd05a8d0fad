/** Options and result of `fit`. */
import type { BackendChoice } from '../../compute/choose.ts';
import type { TrainerConfigInput } from '../../schemas/trainer.ts';
import type { DatasetOptions, MixtureSource } from '../../shards/index.ts';
import type { Communicator } from '../distributed/communicator.ts';
import type { FitEvent } from '../events.ts';
import type { FitResult, TrainOptions } from './train.ts';

export interface FitOptions {
  /**
   * Dataset directory, local or `s3://…`, or several with the weights by which they are mixed. A resumed run knows its
   * own.
   */
  data?: string | readonly MixtureSource[];
  /**
   * Keeps row groups of datasets at `s3://` in a folder of this machine, which all its ranks share, up
   * to about this many bytes.
   */
  cache?: DatasetOptions['cache'];
  /**
   * Run directory to write, local or `s3://…`. For one in object storage a checkpoint lies in the temporary folder of this
   * machine while it is put there.
   */
  out: string;
  /** Name of a preset to start from. */
  preset?: string;
  /** Keys by group, such as `{ train: { steps: 100 } }`, or the path of a YAML file with them. */
  config?: TrainerConfigInput | string;
  /** Single keys that override `config`: `optim.lr=3e-4`. */
  set?: readonly string[];
  /**
   * Start with the weights of a Llama in Hugging Face's layout; its sizes are the defaults of
   * `model`.
   */
  init?: string;
  /**
   * A checkpoint of another run, `RUN/checkpoints/step-N`: this run begins as a copy of that one at
   * that step, with its configuration, except for `set`, and its data.
   */
  branch?: string;
  /** Continue from the last good checkpoint of the run in `out`, if there is one. */
  resume?: boolean;
  /** Compute backend; default CODEC_LM_BACKEND, else native if it is set up. */
  backend?: BackendChoice;
  /** The ranks that train together; default: the ranks that `mpirun` or `srun` started. */
  communicator?: Communicator;
  /** Called in rank 0. */
  onEvent?: (event: FitEvent) => void;
  /**
   * Saves a checkpoint at the next step boundary and ends; a number as its `reason` becomes the
   * exit code.
   */
  signal?: AbortSignal;
}

export interface RankedFitResult extends FitResult {
  /** Rank of this process, and the number of ranks. */
  rank: number;
  worldSize: number;
}

/** What `fit` and its wrapper for object storage agree on. */
export type FitHere = (
  options: FitOptions & Pick<TrainOptions, 'onSaved'>,
) => Promise<RankedFitResult>;

/** Usual causes of each error, for docs/errors.md. The compiler asks for those of every code. */
import type { ErrorCode } from '../../base/error-codes.ts';

export const ERROR_CAUSES: Record<ErrorCode, readonly string[]> = {
  USAGE: [
    'an option is misspelt, or belongs to another command or codec',
    'a required option, or the value behind one, is missing',
    'two options contradict each other, as `--merges` and `--vocab-size` do',
  ],
  CONFIG_INVALID: [
    'a key of the YAML file or of `--set` is misspelt or has a value out of range',
    '`model.hiddenSize` is not a multiple of `model.heads`, or `train.globalBatch` not of the ranks',
    'a run is resumed with another model, seed or order of its data',
  ],
  INPUT_NOT_FOUND: [
    'a relative path, and another working folder than was thought',
    'a disk, a network share or a bucket that is not there',
    'the folder above or below the one that was meant: a run for its checkpoint, `shards/` for its dataset',
  ],
  INPUT_UNREADABLE: [
    'the files belong to another user, or a folder above them may not be entered',
    'in a container: the files of the host belong to a user that the container does not have',
    'at `s3://`: the key may not `s3:GetObject` or `s3:ListBucket`',
  ],
  INPUT_EMPTY: [
    'the files have names without the endings that the codec reads',
    'the validation split is asked for, and the dataset was made without `--val-fraction`, or is very small',
    'curation left nothing: `--min-side`, `--min-bytes`',
  ],
  LIST_INVALID: [
    '`--path-column` or `--columns` names a column that the table does not have',
    'a column holds numbers in some rows and text in others: `--columns NAME:string`',
    'a file is named in two rows with other captions, or a quote in a CSV has no end',
  ],
  OUTPUT_UNWRITABLE: [
    'a part of the path is a file, or the folder above is missing',
    'the file system may only be read; in a container: a volume mounted `:ro`, or of another user',
    'a bucket that is not there, or a storage that ignores conditional puts',
  ],
  OUTPUT_IN_USE: [
    'the folder holds an earlier result',
    'another process, perhaps on another machine, writes there now: it is named in `.lock/`',
    '`trainer serve`: the port is taken, perhaps by a server that still runs',
  ],
  DATASET_MISMATCH: [
    'the command that goes on has other options than the one that began',
    'another release of the encoder: ffmpeg, sharp or codec-lm were updated between the two',
    'datasets that are mixed have another tokenizer, codec or sequence length',
  ],
  DATASET_INCOMPLETE: [
    '`pipeline run` was stopped, or still runs',
    'several ranks have ended, and `pipeline finalize` was not called',
    'several ranks began without `pipeline plan`',
  ],
  MEMORY_LIMIT: [
    'sampling: weights, and the keys and values of one sequence, are more than the machine or container has',
    'a container with a limit below what the machine has',
    'merges learned on very many or very large documents: `--bpe-samples`',
  ],
  TOOL_MISSING: [
    'ffmpeg is not installed, has no libx264, or is older than 4.1',
    'an optional package was left out: `npm install --include=optional`',
    '`codec-lm setup`: no Python with pip, no C++ compiler',
  ],
  CODEC_UNKNOWN: [
    'the name is misspelt',
    "the dataset was made with a codec of one's own, and this program does not register it",
  ],
  TOOL_FAILED: [
    'ffmpeg was killed: the machine or the container is short of memory',
    'a build of ffmpeg without an option that is used; another one is named by `CODEC_LM_FFMPEG`',
  ],
  IMAGE_EMPTY: ['a download that failed at once', 'a disk that was full when the file was written'],
  IMAGE_UNREADABLE: [
    'the file belongs to another user, or went away after the plan was made',
    'an archive was written anew since the plan',
    'a network share or a server that does not answer',
  ],
  IMAGE_UNSUPPORTED: [
    'an HTML page or a JSON reply that was saved under the name of a picture',
    'HEIC without the package `libheif-js`; SVG without `--svg render`',
    'camera raw, PSD, JPEG 2000, samples of unknown range',
  ],
  IMAGE_CORRUPT: ['a download that ended early', 'a disk or a copy that lost bytes'],
  IMAGE_TOO_LARGE: [
    'a scan or panorama of more than 89 megapixels',
    'a file made to exhaust whoever decodes it',
  ],
  IMAGE_TOO_SMALL: [
    'thumbnails among the pictures; `--min-side` leaves them out without a failure',
  ],
  IMAGE_TIMEOUT: [
    'a file made to keep its decoder busy',
    'many more processes than cores on the machine',
  ],
  VIDEO_EMPTY: ['a download that failed at once', 'a disk that was full when the file was written'],
  VIDEO_UNREADABLE: [
    'the file belongs to another user, or went away after the plan was made',
    'a network share or a server that does not answer',
  ],
  VIDEO_UNSUPPORTED: [
    'an HTML page, a playlist or a list of segments under the name of a video',
    'a format newer than the ffmpeg: AV1 in a build of 2018',
    'a picture so narrow that one side would have no pixels',
  ],
  VIDEO_NO_PICTURES: ['sound in a file of video, as podcasts are'],
  VIDEO_TOO_SHORT: [
    'the clip is shorter than `--frames` divided by `--fps`: 15 frames at 3 per second are five seconds',
    'a variable frame rate whose header promises more',
  ],
  VIDEO_CORRUPT: ['a download that ended early', 'a recording that was cut off, without its index'],
  VIDEO_TOO_LARGE: ['frames of many megapixels', 'a stream without an end'],
  VIDEO_TIMEOUT: ['a very long source', 'many more processes than cores on the machine'],
  CLIP_TOO_SHORT: [
    'every input drawn for the tokenizer lies behind the end of its video: clips that a run leaves out are counted, not failed',
  ],
  CLIP_NO_SCENE: [
    'every input drawn for the tokenizer is a clip that its video has no scene for: clips that a run leaves out are counted, not failed',
  ],
  JPEG_INVALID: [
    'an ordinary `.jpg` where a canonical document (`.bin`) is wanted',
    'a sample drawn with `--grammar off`, or cut off by `--max-tokens`',
  ],
  AVC_INVALID: [
    'an ordinary video where a canonical document (`.bin`) is wanted',
    'a sample drawn with `--grammar off`, or cut off by `--max-tokens`',
  ],
  DOCUMENT_INVALID: [
    'symbols of another codec, or of other settings: number of colours, size',
    'for `vq`: a folder that is no VQModel of diffusers',
  ],
  TOKENIZER_INVALID: [
    'the file is a tokenizer of text: its symbols are no bytes',
    'a download or a copy that ended early',
    'the tokenizer of another codec',
  ],
  TOKEN_INVALID: [
    'ids made with another tokenizer',
    'a prompt that no canonical file begins with, while the grammar is on',
  ],
  SHARD_INVALID: [
    'a copy that ended early, or a disk that lost bytes',
    'another Parquet file in its place',
    'a dataset made by a newer release',
  ],
  DATASET_INVALID: [
    'a file of the dataset was edited, replaced or deleted',
    'two datasets were copied into one folder',
    'a copy that ended early',
  ],
  CHECKPOINT_INVALID: [
    'a download or a copy that ended early',
    'a folder without `codec.json`: a model made elsewhere needs `--codec` or `trainer import`',
    'a model that is no Llama, or weights of integers without their scales',
  ],
  STATISTICS_INVALID: [
    'an `.npz` file of something else: it needs `mu` and `sigma`',
    'a download or a copy that ended early',
  ],
  STATISTICS_MISMATCH: [
    'one side was made with Inception and the other with another network',
    'statistics of pytorch-fid beside pictures resized as clean-fid does',
  ],
  PICTURES_TOO_FEW: [
    'the wrong folder: the one above the pictures, or one of a single class',
    'an evaluation that was tried with `--num 1`',
  ],
  COMPLETIONS_MISMATCH: [
    'the other model did not complete every prompt',
    'files are named otherwise than by the number of their prompt: `00000000.png`',
    'the other model enlarged or cropped the picture',
  ],
  DISK_FULL: [
    'the output, the temporary folder or the per-user cache is on a small disk',
    'many checkpoints: `train.keepLast` keeps the newest only',
    'a quota of the user',
  ],
  IO_FAILED: [
    'the limit of open files is too low: `ulimit -n`',
    'a network share that went away, or a failing disk: see the log of the system',
  ],
  STORAGE_CREDENTIALS: [
    'the variables are not set in this shell, job or container',
    'temporary keys that have expired in the middle of a run',
    'keys of one storage, and `AWS_ENDPOINT_URL` of another',
  ],
  STORAGE_UNAVAILABLE: [
    'no network, or a proxy that the container does not know',
    'a wrong `AWS_ENDPOINT_URL`, or a queue that is not started',
    'so many requests that the storage throttles them: use fewer workers',
  ],
  BACKEND_UNAVAILABLE: [
    '`codec-lm setup` was not run, or for another user or `CODEC_LM_CACHE`',
    'a proxy or an index that gives other files than the pinned ones',
    'CODEC_LM_BACKEND=native on a machine for which there is no TensorFlow',
  ],
  MPI_UNAVAILABLE: [
    'the launcher is of one MPI, and the library that is found of another: set `CODEC_LM_MPI`',
    'MPICH and `npx`, which closes what ranks inherit: start `node` itself',
    'the optional package `koffi` was left out',
  ],
  RANK_FAILED: [
    'another rank ran out of memory, or its machine went away',
    'a rank waits for another longer than `train.rankTimeout`',
  ],
  LOCK_LOST: [
    'the machine or the container slept for longer than the lock is kept',
    'someone removed `.lock/` to start a second run',
  ],
  TOO_MANY_FAILURES: [
    'the folder holds other files than was thought: the message counts the codes',
    'a disk or a share went away in the middle',
    'an optional package is missing, and every file of its kind fails',
  ],
  NOT_FINITE: [
    'the learning rate is too high, or the warm-up too short',
    'fp16 where bf16 or fp32 is needed',
    'weights that were damaged on the way here',
  ],
  INTERRUPTED: ['Ctrl-C', 'a scheduler or a container runtime that ends the job'],
  INTERNAL: ['a case that the program does not handle'],
};

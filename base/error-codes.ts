/**
 * Every error code: whose fault it is, the exit status of a command line that it ends, and what
 * a person should know. docs/errors.md is made from this table by `npm run docs:errors`.
 */

/**
 * - `usage`: the command, its options or what they name; nothing was done
 * - `input`: one input of many, so that a run over many goes on without it
 * - `file`: a file of ours, or of a peer, that is not what it should be
 * - `machine`: the machine, its tools, or another process
 */
export type ErrorScope = 'usage' | 'input' | 'file' | 'machine';

export interface ErrorKind {
  scope: ErrorScope;
  /** Exit status of a command line that ends with this error. */
  exitCode: number;
  /** What happened, as one sentence. */
  summary: string;
  /** What the person can do, as one sentence. */
  remedy: string;
  /** The input's bytes could not be had at all; nothing is known about what they hold. */
  isUnread?: boolean;
}

function usage(summary: string, remedy: string) {
  return { scope: 'usage', exitCode: 2, summary, remedy } as const;
}

function input(summary: string, remedy: string) {
  return { scope: 'input', exitCode: 1, summary, remedy } as const;
}

function file(summary: string, remedy: string) {
  return { scope: 'file', exitCode: 1, summary, remedy } as const;
}

function machine(summary: string, remedy: string) {
  return { scope: 'machine', exitCode: 1, summary, remedy } as const;
}

export const ERROR_CODES = {
  USAGE: usage(
    'The command line is not valid.',
    'The message names the option and the value received; `--help` lists what there is.',
  ),
  CONFIG_INVALID: usage(
    'A configuration file, a `--set` or a combination of settings is not valid.',
    'The message names the key; `trainer config schema` prints all keys.',
  ),
  INPUT_NOT_FOUND: usage(
    'A file or folder that was named does not exist, or is not what the command reads.',
    'Check the spelling, and that the disk it lies on is mounted.',
  ),
  INPUT_UNREADABLE: {
    ...usage(
      'A file or folder that was named exists and may not be read.',
      'Check its permissions, and that every folder above it may be entered.',
    ),
    isUnread: true,
  },
  INPUT_EMPTY: usage(
    'There is no input of use in what was named.',
    'Name a folder, list or archive that holds files of the kinds that `--help` lists.',
  ),
  OUTPUT_UNWRITABLE: usage(
    'The output cannot be written where it should go.',
    'Check the permissions, and that the folder above it exists on a file system that may be written.',
  ),
  OUTPUT_IN_USE: usage(
    'The output holds something else already, or another process writes it.',
    'Name another place, or wait for the other process.',
  ),
  DATASET_MISMATCH: usage(
    'Datasets, or a dataset and a command, do not fit together.',
    'The message names the settings that differ; use the same, or another dataset.',
  ),
  DATASET_INCOMPLETE: usage(
    'A dataset is not finished: it has no dataset.json.',
    'Run the same `pipeline run` command again to finish it.',
  ),
  MEMORY_LIMIT: {
    ...machine(
      'The work needs more memory than it may have.',
      'Ask for less at once, or use a machine with more memory.',
    ),
    exitCode: 2,
  },
  TOOL_MISSING: {
    ...machine(
      'A program or library that the work needs is not installed.',
      'Install what the message names, or name its place; `codec-lm doctor` shows what is found.',
    ),
    exitCode: 2,
  },
  CODEC_UNKNOWN: usage(
    'A codec that is asked for, or that made a dataset or checkpoint, is not known here.',
    'The message names those that are; a codec of your own has to be registered in the same process.',
  ),
  TOOL_FAILED: machine(
    'A program that the work needs did not do it: it refuses an option, or was stopped.',
    'The message has what it said; use another version of it, or give it more memory.',
  ),
  IMAGE_EMPTY: input('An image file has no bytes.', 'Fetch it again or leave it out.'),
  IMAGE_UNREADABLE: {
    ...input(
      'An image file cannot be read.',
      'Check its permissions and whether its disk is there; then run with `--retry-failed`.',
    ),
    isUnread: true,
  },
  IMAGE_UNSUPPORTED: input(
    'A file is no image, or of a format or form that is not read.',
    'Convert it to PNG or JPEG first.',
  ),
  IMAGE_CORRUPT: input(
    'An image is damaged or cut off.',
    'Fetch it again, or accept damaged images with a laxer `--fail-on`.',
  ),
  IMAGE_TOO_LARGE: input(
    'An image has more pixels or bytes than the limit.',
    'Raise `--max-pixels` for inputs that you trust.',
  ),
  IMAGE_TOO_SMALL: input(
    'An image is smaller than the target, and `--enlarge refuse` was asked for.',
    'Choose a smaller `--size`, or let it be enlarged with `--enlarge pillow`.',
  ),
  IMAGE_TIMEOUT: input(
    'Decoding an image took longer than the limit.',
    'Raise `--timeout-seconds` for inputs that you trust.',
  ),
  VIDEO_EMPTY: input('A video file has no bytes.', 'Fetch it again or leave it out.'),
  VIDEO_UNREADABLE: {
    ...input(
      'A video file cannot be read.',
      'Check its permissions and whether its disk is there; then run with `--retry-failed`.',
    ),
    isUnread: true,
  },
  VIDEO_UNSUPPORTED: input(
    'A file is no video, or of a format that the installed ffmpeg does not read.',
    'Convert it first, or install a newer ffmpeg.',
  ),
  VIDEO_NO_PICTURES: input('A file holds sound and no moving pictures.', 'Leave it out.'),
  VIDEO_TOO_SHORT: input(
    'A video has fewer frames than asked for.',
    'Ask for fewer frames with `--frames`, or keep short clips with `--short keep`.',
  ),
  VIDEO_CORRUPT: input('A video is damaged or cut off.', 'Fetch it again or leave it out.'),
  VIDEO_TOO_LARGE: input(
    'A video has larger pictures than the limit, or encodes to more bytes than it.',
    'Raise `--max-pixels` for inputs that you trust.',
  ),
  VIDEO_TIMEOUT: input(
    'Decoding a video took longer than the limit.',
    'Raise `--timeout-seconds` for inputs that you trust.',
  ),
  JPEG_INVALID: file(
    'Bytes are no canonical JPEG document.',
    'Encode the picture again with `pipeline` or `tokenizer`.',
  ),
  AVC_INVALID: file(
    'Bytes are no canonical AVC document.',
    'Encode the clip again with `pipeline`.',
  ),
  DOCUMENT_INVALID: file(
    'Symbols are no document of the codec.',
    'Encode the input again with `pipeline` or `tokenizer`.',
  ),
  TOKENIZER_INVALID: file(
    'A tokenizer file is damaged or describes no byte-level BPE.',
    'Restore it from a copy, or name the tokenizer that belongs to the data.',
  ),
  TOKEN_INVALID: file(
    'A token id, or a file of ids, is not valid for the tokenizer.',
    'Use the tokenizer that made the ids.',
  ),
  SHARD_INVALID: file(
    'A shard is damaged or was not written by this project.',
    'Restore it from a copy, or make the dataset again; `shards verify` finds every such file.',
  ),
  DATASET_INVALID: file(
    'Files of a dataset contradict one another, or were changed by hand.',
    'Restore them from a copy, or make the dataset again.',
  ),
  CHECKPOINT_INVALID: file(
    'A checkpoint is damaged, or is of a kind that is not read.',
    'Use an earlier checkpoint of the run, or fetch the model again.',
  ),
  DISK_FULL: machine(
    'The disk is full, or the quota on it used up.',
    'Free some space and run the same command again; finished parts are kept.',
  ),
  IO_FAILED: machine(
    'Reading or writing failed for a reason that lies in the machine.',
    'The message gives the reason of the system: open files, a failing disk, a lost network share.',
  ),
  BACKEND_UNAVAILABLE: machine(
    'The compute backend that was asked for cannot be used.',
    'Run `codec-lm doctor`, or choose another backend with CODEC_LM_BACKEND.',
  ),
  MPI_UNAVAILABLE: machine(
    'The process was started by MPI, and its library cannot be used.',
    'Install Open MPI or MPICH, the same as the launcher is of; `codec-lm doctor` shows what is found.',
  ),
  RANK_FAILED: machine(
    'Another rank of the run has failed.',
    'Look at the message of the rank that failed first, then run the same command again.',
  ),
  LOCK_LOST: machine(
    'Another process took over what this one was writing, or removed the file of its lock.',
    'Nothing was committed after that; see that one process writes there, then run the same command again.',
  ),
  TOO_MANY_FAILURES: {
    ...usage(
      'More inputs failed than allowed.',
      'Look at the failures; then allow more with `--max-failures`, or run with `--retry-failed`.',
    ),
    exitCode: 1,
  },
  NOT_FINITE: machine(
    'Numbers ran out of range: the loss or a weight is not finite.',
    'Go on from an earlier checkpoint with a smaller learning rate or a higher precision.',
  ),
  INTERRUPTED: {
    ...machine(
      'The work was stopped by a signal.',
      'Run the same command again; finished parts are kept.',
    ),
    exitCode: 130,
  },
  INTERNAL: machine(
    'There is a mistake in this program.',
    'Report it with the command and the output under CODEC_LM_DEBUG=1.',
  ),
} as const satisfies Record<string, ErrorKind>;

export type ErrorCode = keyof typeof ERROR_CODES;

/** The entry of a code, or undefined for one that a later version wrote into a file. */
export function errorKind(code: string): ErrorKind | undefined {
  return Object.hasOwn(ERROR_CODES, code) ? ERROR_CODES[code as ErrorCode] : undefined;
}

/** Whether a failure of this code says that the input's bytes could not be had at all. */
export function isUnread(code: string): boolean {
  return errorKind(code)?.isUnread === true;
}

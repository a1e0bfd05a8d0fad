/**
 * Every error code: its scope, the exit status of a command line that ends with it, and what a
 * person should know. `npm run docs:errors` makes docs/errors.md from this table.
 */

/**
 * - `usage`: the command, its options, or the things they name are wrong; nothing was done
 * - `input`: one input of many is bad; a run over many inputs goes on without it
 * - `file`: a file that this project or a peer wrote is not what it should be
 * - `machine`: the machine, its tools or another process failed
 */
export type ErrorScope = 'usage' | 'input' | 'file' | 'machine';

export interface ErrorKind {
  scope: ErrorScope;
  /** Exit status of a command line that ends with this error. */
  exitCode: number;
  /** The event, as one sentence. */
  summary: string;
  /** Advice for the user, as one sentence. */
  remedy: string;
  /**
   * True when the bytes of the input could not be read at all, so nothing is known about their
   * content.
   */
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
    'The message names the option and the value received; `--help` lists the options.',
  ),
  CONFIG_INVALID: usage(
    'A configuration file, a `--set` or a combination of settings is not valid.',
    'The message names the key; `trainer config schema` prints all keys.',
  ),
  INPUT_NOT_FOUND: usage(
    'The named file or folder does not exist, or is not of a kind that the command reads.',
    'Check the spelling, and that its disk is mounted.',
  ),
  INPUT_UNREADABLE: {
    ...usage(
      'The named file or folder exists, but this user may not read it.',
      'Check its permissions and those of every folder above it.',
    ),
    isUnread: true,
  },
  INPUT_EMPTY: usage(
    'The named sources hold no usable input.',
    'Name a folder, list or archive that holds files of the kinds that `--help` lists.',
  ),
  LIST_INVALID: usage(
    'A list of inputs, or a column that is to travel along with them, is not what was asked for.',
    'The message names the file, the row and what was found; correct it, or ask for another column or type.',
  ),
  OUTPUT_UNWRITABLE: usage(
    'The output cannot be written where it should go.',
    'Check the permissions, and that the parent folder exists on a writable file system.',
  ),
  OUTPUT_IN_USE: usage(
    'The output already holds something else, or another process is writing it.',
    'Name another place, or wait for the other process.',
  ),
  DATASET_MISMATCH: usage(
    'Datasets, or a dataset and a command, do not fit together.',
    'The message names the settings that differ; use the same settings, or another dataset.',
  ),
  DATASET_INCOMPLETE: usage(
    'A dataset is not finished: it has no dataset.json.',
    'Run the same `pipeline run` command again to finish it.',
  ),
  MEMORY_LIMIT: {
    ...machine(
      'The work needs more memory than it is allowed to use.',
      'Ask for less at once, or use a machine with more memory.',
    ),
    exitCode: 2,
  },
  TOOL_MISSING: {
    ...machine(
      'A program or library that is needed is not installed.',
      'Install the program or library that the message names, or give its path; `codec-lm doctor` shows what is found.',
    ),
    exitCode: 2,
  },
  CODEC_UNKNOWN: usage(
    'The codec that was asked for, or that made the dataset or checkpoint, is not registered.',
    'The message lists the registered codecs; register your own codec in the same process.',
  ),
  TOOL_FAILED: machine(
    'A program that is needed failed: it refused an option, or it was stopped.',
    'The message quotes its output; use another version of it, or give it more memory.',
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
    'A file is not an image, or its format or variant is not supported.',
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
    'A file is not a video, or the installed ffmpeg does not read its format.',
    'Convert it first, or install a newer ffmpeg.',
  ),
  VIDEO_NO_PICTURES: input('A file holds sound but no video.', 'Leave it out.'),
  VIDEO_TOO_SHORT: input(
    'A video has fewer frames than asked for.',
    'Ask for fewer frames with `--frames`, or keep short clips with `--short keep`.',
  ),
  VIDEO_CORRUPT: input(
    'A video is damaged or cut off.',
    'Fetch it again, or use the frames that can be decoded with `--damaged keep`.',
  ),
  VIDEO_TOO_LARGE: input(
    'A video needs more memory, or encodes to more bytes, than the limit.',
    'Raise `--memory-mb` for inputs that you trust.',
  ),
  VIDEO_TIMEOUT: input(
    'Decoding a video took longer than the limit.',
    'Raise `--timeout-seconds` for inputs that you trust.',
  ),
  CLIP_TOO_SHORT: input(
    'A video ends before this clip of it would.',
    'Nothing is wrong: ask for fewer `--clips-per-video`, a smaller `--stride` or fewer `--frames`.',
  ),
  CLIP_NO_SCENE: input(
    'A video has fewer scenes that are long enough than clips were asked for.',
    'Nothing is wrong: ask for fewer `--clips-per-video` or `--frames`, or raise `--cut-threshold`.',
  ),
  JPEG_INVALID: file(
    'The bytes are not a canonical JPEG document.',
    'Encode the picture again with `pipeline` or `tokenizer`.',
  ),
  AVC_INVALID: file(
    'The bytes are not a canonical AVC document.',
    'Encode the clip again with `pipeline`.',
  ),
  DOCUMENT_INVALID: file(
    'The symbols are not a document of the codec.',
    'Encode the input again with `pipeline` or `tokenizer`.',
  ),
  TOKENIZER_INVALID: file(
    'A tokenizer file is damaged or does not describe a byte-level BPE.',
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
    'A checkpoint is damaged, or its kind is not supported.',
    'Use an earlier checkpoint of the run, or fetch the model again.',
  ),
  STATISTICS_INVALID: file(
    'A file of statistics (.npz) is damaged, or holds something else.',
    'Make it again with `trainer evaluate features`, or with pytorch-fid `--save-stats`.',
  ),
  STATISTICS_MISMATCH: usage(
    'Two sets of pictures cannot be compared: their features come from different networks or resizes.',
    'Make both with the same network and the same `--resize`.',
  ),
  PICTURES_TOO_FEW: usage(
    'There are too few pictures for a distance: a covariance needs two, precision and recall four.',
    'Name a folder with more pictures.',
  ),
  COMPLETIONS_MISMATCH: usage(
    'A folder of completions does not fit the evaluation: pictures are missing, left over, or of another size.',
    'Make one picture for each prompt of `trainer evaluate prompts`, of its size and named by its number.',
  ),
  DISK_FULL: machine(
    'The disk is full, or its quota is used up.',
    'Free some space and run the same command again; finished parts are kept.',
  ),
  IO_FAILED: machine(
    'Reading or writing failed because of the machine.',
    'The message gives the reason that the system gave: open files, a failing disk, a lost network share.',
  ),
  STORAGE_CREDENTIALS: {
    ...machine(
      'Object storage refuses the credentials: there are none, they are wrong, or they have expired.',
      'Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY (and AWS_SESSION_TOKEN), or AWS_PROFILE; then run the same command again.',
    ),
    exitCode: 2,
  },
  STORAGE_UNAVAILABLE: machine(
    'Object storage, or a server that is read from, cannot be reached or has failed for minutes.',
    'Check the network and AWS_ENDPOINT_URL, then run the same command again; finished parts are kept.',
  ),
  BACKEND_UNAVAILABLE: machine(
    'The compute backend that was asked for cannot be used.',
    'Run `codec-lm doctor`, or choose another backend with CODEC_LM_BACKEND.',
  ),
  MPI_UNAVAILABLE: machine(
    'The process was started by MPI, but the MPI library cannot be used.',
    'Install Open MPI or MPICH, whichever the launcher belongs to; `codec-lm doctor` shows what is found.',
  ),
  RANK_FAILED: machine(
    'Another rank of the run has failed.',
    'Look at the message of the rank that failed first, then run the same command again.',
  ),
  LOCK_LOST: machine(
    'Another process took over the lock of this process, or removed its lock file.',
    'Nothing was committed after that; make sure that only one process writes there, then run the same command again.',
  ),
  TOO_MANY_FAILURES: {
    ...usage(
      'More inputs failed than allowed.',
      'Look at the failures; then allow more with `--max-failures`, or run with `--retry-failed`.',
    ),
    exitCode: 1,
  },
  NOT_FINITE: machine(
    'A number overflowed: the loss or a weight is not finite.',
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
    'There is a bug in this program.',
    'Report it with the command and the output under CODEC_LM_DEBUG=1.',
  ),
} as const satisfies Record<string, ErrorKind>;

export type ErrorCode = keyof typeof ERROR_CODES;

/** The table entry of a code; undefined for a code that a later version wrote into a file. */
export function errorKind(code: string): ErrorKind | undefined {
  return Object.hasOwn(ERROR_CODES, code) ? ERROR_CODES[code as ErrorCode] : undefined;
}

/** Whether this code means that the bytes of the input could not be read at all. */
export function isUnread(code: string): boolean {
  return errorKind(code)?.isUnread === true;
}

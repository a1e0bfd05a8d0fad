/** What a checkpoint has beside the files that Hugging Face knows. */

/** Moments of the optimizer. */
export const OPTIMIZER_FILE = 'optimizer.safetensors';
/** Where the run stands. */
export const STATE_FILE = 'state.json';
/** The codec whose bytes the model writes, for sampling. */
export const CODEC_FILE = 'codec.json';

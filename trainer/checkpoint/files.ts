/** Files of a checkpoint that Hugging Face does not know. */

/** Moments of the optimizer. */
export const OPTIMIZER_FILE = 'optimizer.safetensors';
/** State of the run. */
export const STATE_FILE = 'state.json';
/** The codec whose documents the model writes, for sampling. */
export const CODEC_FILE = 'codec.json';
/** Where an imported model came from. */
export const IMPORT_FILE = 'import.json';

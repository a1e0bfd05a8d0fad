/** Reads codec.json: the codec whose documents a model writes. */
import { readFile } from 'node:fs/promises';
import { CodecLmError } from '../../base/error.ts';
import { readError } from '../../base/file-error.ts';
import { type CheckpointCodec, checkpointCodecSchema } from '../../schemas/run.ts';

/** @throws CodecLmError `CHECKPOINT_INVALID` that names the file */
export async function readCodecFile(path: string): Promise<CheckpointCodec> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    const cause = readError(error, path);
    if (cause.code !== 'INPUT_NOT_FOUND') throw cause;
    throw new CodecLmError('CHECKPOINT_INVALID', cause.message, {
      cause,
      path,
      hint: '`trainer fit` writes the codec and its settings beside the weights; for a model made elsewhere name them by `codec`, or make a checkpoint of it with `trainer import`',
    });
  }
  try {
    return checkpointCodecSchema.parse(JSON.parse(text));
  } catch (error) {
    throw new CodecLmError('CHECKPOINT_INVALID', `${path} does not describe a codec`, {
      cause: error,
      path,
    });
  }
}

/** Files that a palette is given as: .npy, or JSON of ImageGPT, of a dataset, of a checkpoint. */
import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { CodecLmError } from '../../../base/error.ts';
import { readError } from '../../../base/file-error.ts';
import { clustersOfText, paletteProblem } from './clusters.ts';
import { type FloatMatrix, isNpy, readNpy } from './npy.ts';

/** `preprocessor_config.json` of an ImageGPT. */
const imageGptSchema = z.looseObject({ clusters: z.array(z.array(z.number())) });

/** `dataset.json` of a dataset, `codec.json` of a checkpoint. */
const ourSchema = z.looseObject({
  codec: z.looseObject({
    settings: z.looseObject({ clusters: z.string(), colours: z.int().positive() }),
  }),
});

/**
 * @returns float32 in -1..1: [colours, 3]
 * @throws CodecLmError `INPUT_NOT_FOUND` …; `CONFIG_INVALID` that says what is wrong with it
 */
export async function readPalette(path: string): Promise<Float32Array> {
  const file = await readFile(path).catch((error) => {
    throw readError(error, path);
  });
  if (isNpy(file)) return paletteOf(readNpy(file, path), path);
  const value = parseJson(file.toString('utf8'), path);
  const ours = ourSchema.safeParse(value).data;
  if (ours) return clustersOfText(ours.codec.settings.clusters, ours.codec.settings.colours);
  const { data } = imageGptSchema.safeParse(value);
  if (!data) throw wrong(path, 'it has no list of lists of numbers named "clusters"');
  const [columns = 0] = data.clusters.map(({ length }) => length);
  const uneven = data.clusters.findIndex(({ length }) => length !== columns);
  if (uneven >= 0) {
    throw wrong(path, `colour ${uneven} has ${data.clusters[uneven].length} values, not 3`);
  }
  const values = Float64Array.from(data.clusters.flat());
  return paletteOf({ rows: data.clusters.length, columns, values }, path);
}

function parseJson(text: string, path: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    const message = `${path} is neither .npy nor JSON`;
    throw new CodecLmError('CONFIG_INVALID', message, { cause: error, path, hint: HINT });
  }
}

function paletteOf({ rows, columns, values }: FloatMatrix, path: string): Float32Array {
  if (columns !== 3) throw wrong(path, `its shape is ${rows}x${columns}, not colours x 3`);
  const problem = paletteProblem(values);
  if (problem !== undefined) throw wrong(path, problem);
  return Float32Array.from(values);
}

const HINT =
  'give an array [colours, 3] of floats in -1..1 as .npy, the preprocessor_config.json of an ImageGPT, or the dataset.json of a dataset of pixels';

function wrong(path: string, what: string): CodecLmError {
  return new CodecLmError('CONFIG_INVALID', `${path} holds no palette: ${what}`, {
    path,
    hint: HINT,
  });
}

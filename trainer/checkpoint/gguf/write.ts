/** A checkpoint as one GGUF file, written tensor by tensor: the model need not fit in memory. */
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { writeAtomically } from '../../../base/atomic-file.ts';
import { CodecLmError } from '../../../base/error.ts';
import { readError } from '../../../base/file-error.ts';
import { readTokenizer } from '../../../tokenizer/index.ts';
import { CODEC_FILE } from '../files.ts';
import { readModelConfig } from '../huggingface.ts';
import { modelTensors } from '../model-weights.ts';
import { modelMetadata } from './metadata.ts';
import { ggufTensors, inRowsOfGguf, type NamedTensor } from './tensors.ts';
import { tokenizerMetadata } from './tokenizer.ts';
import { bytesOfTensor, encodeTensor, GGUF_FORMATS, type GgufPrecision } from './types.ts';
import { encodeHead, paddingAfter } from './values.ts';

/** Where the file keeps `codec.json`, as its text: llama.cpp passes over keys that it does not know. */
const CODEC_KEY = 'codec_lm.codec';

/**
 * @param dir a checkpoint: weights, configuration and tokenizer
 * @param path of the file; it appears whole or not at all
 * @param precision of the matrices; norms stay fp32, as llama.cpp wants them
 * @throws CodecLmError `INPUT_NOT_FOUND`, `CHECKPOINT_INVALID`, `TOKENIZER_INVALID`;
 *   `CONFIG_INVALID` for Q8_0 where a row is no whole number of blocks; `NOT_FINITE` for a weight
 *   beyond fp16; of the file system `DISK_FULL`, `OUTPUT_UNWRITABLE` …
 */
export async function writeGguf(
  dir: string,
  path: string,
  precision: GgufPrecision,
): Promise<void> {
  const config = await readModelConfig(dir);
  const tokenizer = await readTokenizer(dir);
  if (tokenizer.vocabSize > config.vocabSize) {
    throw new CodecLmError(
      'CHECKPOINT_INVALID',
      `${dir}: the tokenizer has ${tokenizer.vocabSize} ids, the model ${config.vocabSize}`,
      { path: dir },
    );
  }
  const metadata = new Map([
    ...modelMetadata(config, precision, basename(path, '.gguf')),
    ...tokenizerMetadata(tokenizer, config.vocabSize),
  ]);
  const codec = await readCodec(dir);
  if (codec !== undefined) metadata.set(CODEC_KEY, { type: 'string', value: codec });
  const tensors = ggufTensors(config);
  const infos = tensors.map((tensor) => infoOf(tensor, precision));
  const bySource = new Map(tensors.map((tensor) => [tensor.parameter, tensor]));
  await writeAtomically(
    path,
    async (file) => {
      await file.write(encodeHead(metadata, infos));
      for await (const [parameter, values] of modelTensors(dir, config)) {
        const tensor = bySource.get(parameter)!;
        const rows = inRowsOfGguf(parameter, values, config);
        const bytes = encodeTensor(rows, precisionOf(tensor, precision), tensor.name);
        await file.write(bytes, new Uint8Array(paddingAfter(bytes.length)));
      }
    },
    { hashed: false },
  );
}

function infoOf(tensor: NamedTensor, precision: GgufPrecision) {
  const { name, shape } = tensor;
  const own = precisionOf(tensor, precision);
  const elements = shape.reduce((product, length) => product * length, 1);
  const bytes = bytesOfTensor(name, elements, shape.at(-1)!, own);
  return { name, shape, type: GGUF_FORMATS[own].type, bytes };
}

/** llama.cpp multiplies by norms in fp32 only. */
function precisionOf({ shape }: NamedTensor, precision: GgufPrecision): GgufPrecision {
  return shape.length === 1 ? 'fp32' : precision;
}

async function readCodec(dir: string): Promise<string | undefined> {
  const path = join(dir, CODEC_FILE);
  if (!existsSync(path)) return undefined;
  try {
    return (await readFile(path, 'utf8')).trim();
  } catch (error) {
    throw readError(error, path);
  }
}
